import { createHash, randomBytes } from 'node:crypto'
import { failed, ok, type Result } from '@quorate/base'
import { cibFaults, faultText } from '@quorate/cib'
import { unpackStatus } from '@quorate/scheduler'
import { limits, type Operation, type OperationRequest, type Preview, type Snapshot } from '../api/index.ts'
import { type ClusterChange, changeOf, cleanUpSteps } from '../cluster/change.ts'
import { begun, type Course, type CourseEvent, isOver, mustClear, step } from '../cluster/operation-course.ts'
import { patchOf } from '../cluster/patch-of.ts'
import type { Refusal } from '../cluster/preview.ts'
import { sortTargets } from '../cluster/targets.ts'
import { temporaryMoves } from '../cluster/temporary-move.ts'
import type { ClusterSource } from './cluster-source.ts'
import { momentOf, readable, type Thinker, versionIn } from './oracle-thread.ts'
import type { Picture } from './picture.ts'

/** How long an operation without a time of its own is followed, in milliseconds. */
const followMs = limits.moveSecondsDefault * 1000
/** How often a change is made anew since the status changed in between. */
const attemptsMax = 50
/** Between two looks at deadlines, and two attempts to take constraints back, in milliseconds. */
const tickMs = 1000
/** Previews that are remembered, to see whether one still holds. */
const previewsMax = 64

/** What a person has to say beside the request. */
export type Start = {
  readonly request: OperationRequest
  readonly confirmation: string | undefined
  /** The version that the person saw. */
  readonly cibVersion: string
  readonly key: string
  readonly by: string
}

type Kept = { readonly fingerprint: string; readonly outcome: Promise<Result<Operation, Refusal>> }

/** Operations: previews of them, those that are under way, and those that are over. */
export class Operations {
  readonly #source: ClusterSource
  readonly #picture: Picture
  readonly #thinker: Thinker
  readonly #now: () => number
  readonly #changed: (operation: Operation) => void
  readonly #courses = new Map<string, Course>()
  readonly #constraints = new Map<string, readonly string[]>()
  readonly #kept = new Map<string, Kept>()
  readonly #previews = new Map<string, Preview>()
  readonly #clearing = new Set<string>()
  readonly #timer: NodeJS.Timeout | undefined
  #isSweeping = false

  /** @param changed told at each change of an operation */
  constructor(
    source: ClusterSource,
    picture: Picture,
    thinker: Thinker,
    now: () => number,
    changed: (operation: Operation) => void,
  ) {
    this.#source = source
    this.#picture = picture
    this.#thinker = thinker
    this.#now = now
    this.#changed = changed
    if (!source.isWritable) return
    picture.listen({
      snapshot: (snapshot) => this.#see(snapshot),
      patch: (_, snapshot) => this.#see(snapshot),
      stale: () => undefined,
    })
    this.#timer = setInterval(() => this.tick(), tickMs)
    this.#timer.unref()
  }

  /** Newest first. */
  get all(): readonly Operation[] {
    return [...this.#courses.values()].map(({ operation }) => operation).reverse()
  }

  get running(): readonly Operation[] {
    return this.all.filter(({ state }) => state === 'running')
  }

  find(id: string): Operation | undefined {
    return this.#courses.get(id)?.operation
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** What an operation would do now. */
  async preview(request: OperationRequest): Promise<Result<Preview, Refusal>> {
    const { cib } = this.#picture
    if (cib === undefined || this.#picture.stale !== null) return failed(noContact(this.#picture.stale?.reason))
    const answer = await this.#thinker.ask(cib, this.#now(), { kind: 'preview', request })
    if (!answer.ok) return answer
    const preview = answer.value as Preview
    this.#previews.set(`${preview.cibVersion} ${JSON.stringify(request)}`, preview)
    const [oldest] = this.#previews.keys()
    if (this.#previews.size > previewsMax && oldest !== undefined) this.#previews.delete(oldest)
    return ok(preview)
  }

  /** Begins an operation; with the same key again it is the same one. */
  start(start: Start): Promise<Result<Operation, Refusal>> {
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([start.request, start.cibVersion, start.by]))
      .digest('hex')
    const known = this.#kept.get(start.key)
    if (known !== undefined) {
      if (known.fingerprint === fingerprint) return known.outcome.then((done) => this.#present(done))
      const detail = 'this Idempotency-Key came with another request before'
      return Promise.resolve(failed({ code: 'keyReused', detail, params: {} }))
    }
    const outcome = this.#begin(start)
    this.#kept.set(start.key, { fingerprint, outcome })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > limits.operationsMax && oldest !== undefined) this.#kept.delete(oldest)
    // What was refused has done nothing: the same key may be tried again.
    const forget = (): void => {
      if (this.#kept.get(start.key)?.outcome === outcome) this.#kept.delete(start.key)
    }
    outcome.then((done) => (done.ok ? undefined : forget()), forget)
    return outcome
  }

  /** Gives up what is not done yet. */
  cancel(id: string): Result<Operation, Refusal> {
    const course = this.#courses.get(id)
    if (course === undefined) return failed({ code: 'notFound', detail: `there is no operation ${id}`, params: { id } })
    if (!course.operation.isCancellable) {
      return failed({ code: 'alreadyOver', detail: `operation ${id} is over`, params: { id } })
    }
    this.#take(id, { kind: 'cancel' })
    void this.#clear(id)
    return ok(this.#courses.get(id)?.operation ?? course.operation)
  }

  #present(done: Result<Operation, Refusal>): Result<Operation, Refusal> {
    return done.ok ? ok(this.find(done.value.id) ?? done.value) : done
  }

  async #begin({ request, confirmation, cibVersion, by }: Start): Promise<Result<Operation, Refusal>> {
    if (this.running.length >= limits.operationsRunningMax) {
      const detail = `${limits.operationsRunningMax} operations are under way already`
      return failed({ code: 'tooMany', detail, params: {} })
    }
    const seen = this.#previews.get(`${cibVersion} ${JSON.stringify(request)}`)
    const { cib, stale } = this.#picture
    const holds = seen !== undefined && stale === null && cib !== undefined && versionIn(cib) === cibVersion
    const now = holds ? ok(seen) : await this.preview(request)
    if (!now.ok) return now
    const preview = now.value
    if (preview.cibVersion !== cibVersion && !isSameOutlook(seen, preview)) return failed(changed(preview.cibVersion))
    if (preview.targets.every(({ outcome }) => outcome !== 'will')) {
      return failed({ code: 'unprocessable', detail: `nothing to do: ${preview.summary}`, params: {} })
    }
    if (preview.typedConfirmation !== null && preview.typedConfirmation !== confirmation) {
      const params = { expected: preview.typedConfirmation }
      return failed({ code: 'confirmationNeeded', detail: `type '${preview.typedConfirmation}' to confirm`, params })
    }
    return this.#carryOut(request, preview, by)
  }

  async #carryOut(request: OperationRequest, preview: Preview, by: string): Promise<Result<Operation, Refusal>> {
    const id = randomBytes(6).toString('hex')
    const startedMs = this.#now()
    const seconds = request.kind === 'move' && !request.args.keep ? request.args.seconds : undefined
    const deadlineMs = startedMs + (seconds === undefined ? followMs : seconds * 1000)
    const cib = this.#picture.cib
    if (cib === undefined) return failed(noContact(undefined))
    const cluster = unpackStatus(readable(cib), momentOf(startedMs))
    const will = new Set(preview.targets.flatMap(({ outcome, effective }) => (outcome === 'will' ? [effective] : [])))
    const acted = new Map(
      sortTargets(request, cluster).flatMap(({ effective, acted: item }) =>
        item !== undefined && will.has(effective) ? [[effective, item] as const] : [],
      ),
    )
    const stamp = { operation: id, nowSeconds: Math.floor(startedMs / 1000) }
    const change = changeOf(request, [...acted.values()], cluster, stamp)
    const temporary = change.temporary.length === 0 ? null : { made: change.temporary.length, untilMs: deadlineMs }
    // Before the change is made: the constraints of an operation that nobody knows are taken away as left over.
    this.#constraints.set(id, change.temporary)
    const made = await this.#make(change, preview.cibVersion)
    if (!made.ok) {
      this.#constraints.delete(id)
      return made
    }
    this.#remember(id, begun(preview, { id, by, startedMs, deadlineMs }, temporary))
    this.#take(id, { kind: 'made', cibVersion: made.value })
    const steps = cleanUpSteps(change, cluster)
    if (steps.length > 0) void this.#cleanUp(id, steps)
    const { snapshot } = this.#picture
    if (snapshot !== undefined) this.#take(id, { kind: 'seen', snapshot })
    return ok(this.find(id) ?? begun(preview, { id, by, startedMs, deadlineMs }, temporary).operation)
  }

  async #cleanUp(id: string, steps: ReturnType<typeof cleanUpSteps>): Promise<void> {
    const done = await this.#source.cleanUp(steps)
    const text = done.rc === 0 ? undefined : done.text
    for (const effective of new Set(steps.map((item) => item.effective))) {
      this.#take(id, { kind: 'answered', effective, text })
    }
  }

  /**
   * Makes a change as one patch of the CIB; answers the version from which on it is in it. Where only the status changed
   * in between it is made anew; where the configuration did, nothing is done.
   */
  async #make(change: ClusterChange, previewed: string): Promise<Result<string, Refusal>> {
    for (const { node, name } of change.transient) {
      const forgotten = await this.#source.forgetAttribute(node, name)
      if (forgotten.rc !== 0) return failed(refused(forgotten.rc, forgotten.text))
    }
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const { cib } = this.#picture
      if (cib === undefined || this.#picture.stale !== null) return failed(noContact(this.#picture.stale?.reason))
      const version = versionIn(cib)
      if (configurationOf(version) !== configurationOf(previewed)) return failed(changed(version))
      const patch = patchOf(cib, change.edit(cib))
      const done = patch === undefined ? { rc: 0, text: '' } : await this.#source.patch(patch.diff)
      if (done.rc === 0) return ok(patch?.cibVersion ?? version)
      if (!isOutdated(done.rc)) return failed(refused(done.rc, done.text))
      await this.#picture.after(version)
    }
    return failed(changed(this.#picture.snapshot?.cibVersion ?? previewed))
  }

  #remember(id: string, course: Course): void {
    this.#courses.set(id, course)
    for (const [key, old] of this.#courses) {
      if (this.#courses.size <= limits.operationsMax) break
      if (isOver(old)) this.#courses.delete(key)
    }
  }

  #take(id: string, event: CourseEvent): void {
    const course = this.#courses.get(id)
    if (course === undefined) return
    const next = step(course, event, this.#now())
    if (next === course) return
    this.#courses.set(id, next)
    if (isOver(next)) this.#constraints.delete(id)
    if (JSON.stringify(next.operation) !== JSON.stringify(course.operation)) this.#changed(next.operation)
    if (mustClear(next)) void this.#clear(id)
  }

  #see(snapshot: Snapshot): void {
    for (const { id } of this.running) this.#take(id, { kind: 'seen', snapshot })
    void this.#sweep(snapshot)
  }

  /** Looks at deadlines, and at what could not be done before. */
  tick(): void {
    for (const { id } of this.running) {
      this.#take(id, { kind: 'tick' })
      void this.#clear(id)
    }
    const { snapshot } = this.#picture
    if (snapshot !== undefined) void this.#sweep(snapshot)
  }

  /** Takes the constraints of an operation back where that is due. What cannot be done now is tried again. */
  async #clear(id: string): Promise<void> {
    const course = this.#courses.get(id)
    const ids = this.#constraints.get(id) ?? []
    if (course === undefined || !mustClear(course) || this.#clearing.has(id) || this.#picture.stale !== null) return
    this.#clearing.add(id)
    try {
      const done = await this.#source.removeConstraints(ids)
      if (done.rc === 0) this.#take(id, { kind: 'left', count: 0 })
    } finally {
      this.#clearing.delete(id)
    }
  }

  /**
   * Takes away what operations of servers that are gone have left behind: once the cluster has done what there was to do,
   * or it has ended.
   */
  async #sweep({ isIdle, stale, cibVersion }: Snapshot): Promise<void> {
    const { cib } = this.#picture
    // What is said of another version says nothing of a constraint that has just been made.
    if (cib === undefined || stale !== null || this.#isSweeping || versionIn(cib) !== cibVersion) return
    const now = this.#now()
    const left = temporaryMoves(cib).filter(
      ({ operation, untilMs }) =>
        !this.#constraints.has(operation) && (isIdle === true || (untilMs !== undefined && untilMs < now)),
    )
    if (left.length === 0) return
    this.#isSweeping = true
    try {
      await this.#source.removeConstraints(left.map(({ id }) => id))
    } finally {
      this.#isSweeping = false
    }
  }
}

function configurationOf(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

/** Whether a preview still holds: the same becomes of all targets and of all others. */
function isSameOutlook(before: Preview | undefined, after: Preview): boolean {
  if (before === undefined || configurationOf(before.cibVersion) !== configurationOf(after.cibVersion)) return false
  const outlook = ({ targets, sideEffects, fenced, warnings }: Preview): string =>
    JSON.stringify([targets, sideEffects, fenced, warnings])
  return outlook(before) === outlook(after)
}

/** Refusals of a patchset that is for another version. */
function isOutdated(rc: number): boolean {
  return rc === cibFaults.old || rc === cibFaults.patch || rc === cibFaults.patchResync
}

function changed(cibVersion: string): Refusal {
  return {
    code: 'cibChanged',
    detail: `the cluster has changed since the preview; it is at ${cibVersion} now, and nothing was done`,
    params: { cibVersion },
  }
}

function noContact(reason: string | undefined): Refusal {
  return {
    code: 'noContact',
    detail: `no contact to the cluster${reason === undefined ? '' : `: ${reason}`}`,
    params: {},
  }
}

function refused(rc: number, text: string): Refusal {
  // A change that was made all the same has another version: nobody makes it a second time.
  if (rc === cibFaults.notConnected) {
    return {
      ...noContact(text),
      detail: `contact was lost during the change: whether it was made is not known: ${text}`,
    }
  }
  const detail = `the cluster refused the change: ${text === '' ? faultText(rc) : text}`
  return { code: 'clusterRefused', detail, params: { cib: String(rc) } }
}
