import process from 'node:process'
import { exitCodes, exitCodeText } from '@quorate/cib'
import type { Resource } from '@quorate/scheduler'
import type { XmlElement } from '@quorate/xml'
import type { Given } from '../pacemaker/command-line.ts'
import { parseSpanMs } from '../pacemaker/time-span.ts'
import { Options } from '../pacemaker/tool-options.ts'
import { ClusterWatch, type WatchEnd } from './cluster-watch.ts'
import { deleteParameter, ownMetaAttribute, setParameter } from './parameter.ts'
import { activeInTheEnd, activeResources, pendingActions } from './pending.ts'
import { collectiveOf, Failure, leavesOf, namedNode, namedResource, report, type Work } from './work.ts'

/** How long --wait waits unless told otherwise, in milliseconds. */
const waitDefaultMs = 3_600_000
/** More than the longest action, before a restart that makes no progress is given up; in milliseconds. */
const progressGraceMs = 5000
/** 128 and the number of the signal, as shells tell of a program that one ended. */
const interruptedCode = 130

/** --wait: until the cluster has nothing left to do. */
export async function wait(work: Work): Promise<number> {
  refuseFile(work, 'wait')
  const timeoutMs = timeoutOf(work) ?? waitDefaultMs
  const endsAtMs = performance.now() + timeoutMs
  return interruptible(async (interrupted) => {
    const watch = await ClusterWatch.open()
    try {
      const pending = (cib: XmlElement) => pendingActions(cib, work.host.now())
      const end = await watch.until(
        (cib) => pending(cib).length === 0,
        () => endsAtMs,
        interrupted,
      )
      if (end === 'met') return exitCodes.ok
      if (end === 'interrupted') throw new Failure(interruptedCode, ['crm_resource: Interrupted'])
      const lines = pending(watch.cib).map(
        ({ id, key, node }) => `\tAction ${id}: ${key}${node === undefined ? '' : `\ton ${node}`}`,
      )
      if (!work.isXml) work.host.out(['Pending actions:', ...lines, ''].join('\n'))
      throw timedOut()
    } finally {
      watch.close()
    }
  })
}

/** --restart: stops a resource with what depends on it, and lets all of it start again. */
export async function restart(work: Work): Promise<number> {
  refuseFile(work, 'restart')
  const resource = namedResource(work)
  const node = namedNode(work)
  const name = work.options.value('resource') ?? resource.id
  const leaves = leavesOf([resource])
  if (!leaves.some((leaf) => leaf.runningOn.some((on) => node === undefined || on === node))) {
    const where = node === undefined ? 'anywhere' : `on ${node.uname}`
    throw new Failure(exitCodes.noSuchObject, [
      `${name} is not running ${where} and so cannot be restarted`,
      `crm_resource: Error performing operation: ${exitCodeText(exitCodes.noSuchObject)}`,
    ])
  }
  if (node !== undefined && leaves.length > 1) {
    throw refusal('--restart of one instance is not available here: --ban it from the node, and --clear that again')
  }
  if (leaves.some((leaf) => !leaf.managed)) {
    throw refusal(`${name} is unmanaged: the cluster would not stop it`)
  }
  return interruptible(async (interrupted) => {
    const watch = await ClusterWatch.open()
    try {
      return await stopAndStart(work, resource, name, watch, interrupted)
    } finally {
      watch.close()
    }
  })
}

async function stopAndStart(
  work: Work,
  resource: Resource,
  name: string,
  watch: ClusterWatch,
  interrupted: AbortSignal,
): Promise<number> {
  const limitMs = timeoutOf(work)
  const steps: Steps = {
    work,
    watch,
    interrupted,
    endsAtMs: limitMs === undefined ? undefined : performance.now() + limitMs,
  }
  const nowMs = () => work.host.now()
  const own = namesOf(resource)
  const before = activeResources(watch.cib, nowMs())
  const had = await ownMetaAttribute(told(work, name, ''), resource, 'target-role')
  const restore = async () => {
    if (had === undefined) await deleteParameter(told(work, name, ''), 'target-role')
    else await setParameter(told(work, name, had), 'target-role')
  }
  await setParameter(told(work, name, 'stopped'), 'target-role')
  let stopped: Outcome
  let affected: readonly string[]
  try {
    await settled(steps, (cib) => !hasAny(activeInTheEnd(cib, nowMs()), own))
    const after = activeInTheEnd(watch.cib, nowMs())
    affected = [...before].filter((id) => !after.has(id))
    stopped = await reach(steps, affected, 'stop')
  } finally {
    await restore()
  }
  if (stopped.end !== 'met') throw unfinished(stopped, `Could not complete shutdown of ${name}`)
  await settled(steps, (cib) => hasAny(activeInTheEnd(cib, nowMs()), own))
  const wanted = activeInTheEnd(watch.cib, nowMs())
  const running = activeResources(watch.cib, nowMs())
  // What was stopped may be back before this looks.
  const missing = [...wanted].filter((id) => affected.includes(id) || !running.has(id))
  const started = await reach(steps, missing, 'start again')
  if (started.end !== 'met') throw unfinished(started, `Could not complete restart of ${name}`)
  return exitCodes.ok
}

/** Names under which what a resource is made of is counted: see {@link activeResources}. */
function namesOf(resource: Resource): readonly string[] {
  const whole = collectiveOf(resource)
  return whole.clone === undefined && whole.bundle === undefined ? leavesOf([resource]).map(({ id }) => id) : [whole.id]
}

function hasAny(ids: ReadonlySet<string>, of: readonly string[]): boolean {
  return of.some((id) => ids.has(id))
}

type Steps = {
  readonly work: Work
  readonly watch: ClusterWatch
  readonly interrupted: AbortSignal
  /** The end of the time that the line gives, by {@link performance.now}. */
  readonly endsAtMs: number | undefined
}

/** The end of one of the waits of a restart. */
type Outcome = { readonly end: WatchEnd; readonly remaining: number }

/** Waits until a change that was made is seen here too. */
async function settled({ watch, interrupted }: Steps, isSeen: (cib: XmlElement) => boolean): Promise<void> {
  const endsAtMs = performance.now() + progressGraceMs
  await watch.until(isSeen, () => endsAtMs, interrupted)
}

/** Waits until resources have stopped, or have started; as long as there is progress, unless the line limits it. */
async function reach(steps: Steps, ids: readonly string[], what: 'stop' | 'start again'): Promise<Outcome> {
  const { work, watch, interrupted } = steps
  let remaining = ids.length + 1
  let endsAtMs = 0
  report(work, [`Waiting for ${ids.length} resources to ${what}:`, ...ids.map((id) => ` * ${id}`)].join('\n'))
  const isReached = (cib: XmlElement): boolean => {
    const active = activeResources(cib, work.host.now())
    const left = ids.filter((id) => active.has(id) === (what === 'stop')).length
    if (left < remaining) endsAtMs = performance.now() + longestMs(cib, work.host.now()) + progressGraceMs
    remaining = left
    return left === 0
  }
  const end = await watch.until(isReached, () => steps.endsAtMs ?? endsAtMs, interrupted)
  return { end, remaining }
}

/** The longest that any action may take that is due, in milliseconds. */
function longestMs(cib: XmlElement, nowMs: number): number {
  return Math.max(0, ...pendingActions(cib, nowMs).map(({ timeoutMs }) => timeoutMs))
}

function unfinished({ end, remaining }: Outcome, what: string): Failure {
  const lines = [`${what}, ${remaining} resources remaining`]
  if (end === 'interrupted') return new Failure(interruptedCode, ['crm_resource: Interrupted', ...lines])
  return new Failure(exitCodes.timeout, [...lines, ...timedOut().lines])
}

/** The same work as a line would give it that sets a meta-attribute of the resource. */
function told(work: Work, name: string, value: string): Work {
  const given: Given[] = [
    { long: 'resource', value: name },
    { long: 'meta', value: undefined },
    { long: 'parameter-value', value },
  ]
  if (work.options.has('quiet')) given.push({ long: 'quiet', value: undefined })
  return { ...work, options: new Options(given, []) }
}

function timeoutOf(work: Work): number | undefined {
  const text = work.options.value('timeout')
  if (text === undefined) return undefined
  const ms = parseSpanMs(text)
  if (ms !== undefined) return ms
  throw new Failure(exitCodes.usage, [
    `crm_resource: --timeout: expected a time such as 90, 5min or PT1H, got '${text}'`,
  ])
}

function timedOut(): Failure {
  const text = exitCodeText(exitCodes.timeout)
  return new Failure(exitCodes.timeout, [`crm_resource: Error performing operation: ${text}`])
}

function refusal(why: string): Failure {
  const text = exitCodeText(exitCodes.unimplemented)
  return new Failure(exitCodes.unimplemented, [`crm_resource: ${why}`, `Error performing operation: ${text}`])
}

function refuseFile(work: Work, what: string): void {
  if (work.cib.isFile) throw refusal(`--${what} needs a cluster: a CIB in a file does not change by itself`)
}

/** Does something that a person may interrupt. */
async function interruptible<T>(act: (interrupted: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const interrupt = () => controller.abort()
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    return await act(controller.signal)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
