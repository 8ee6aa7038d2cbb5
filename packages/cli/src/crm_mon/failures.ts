import { type Cluster, exitWords, operationWords, type StatusItem } from '@quorate/scheduler'
import { attr, type XmlElement } from '@quorate/xml'
import { localTime, spanText } from './local-time.ts'
import type { Wanted } from './view.ts'

/** A failed operation, read from its history entry. */
export type Failure = {
  readonly node: string
  readonly key: string
  readonly resource: string
  readonly task: string
  readonly intervalMs: number
  readonly rc: number
  readonly status: number
  readonly callId: string
  readonly reason: string
  /** When its result changed; undefined where that is not told. */
  readonly changedAt: number | undefined
  readonly execMs: string | undefined
  readonly queueMs: string | undefined
  readonly xml: XmlElement
}

/** The C program shows an exit status as a number of 31 bits. */
const rcMax = 2 ** 31 - 1

/** Operations that failed on nodes that are online. Probes that only found a node unable to run something do not count. */
export function failuresOf(cluster: Cluster, wanted: Wanted): readonly Failure[] {
  const seen = new Set<string>()
  const out: Failure[] = []
  for (const item of cluster.failedOperations) {
    // An operation stands in the history up to twice (the last one, and the last failed one); old entries have no key.
    const place = `${attr(item.xml, 'operation_key') ?? ''}\0${item.node.uname}`
    if (!item.node.online || seen.has(place)) continue
    seen.add(place)
    const failure = failureOf(item.xml, item.node.uname)
    if (!item.masked && wanted.node(item.node) && wanted.resourceId(failure.resource)) out.push(failure)
  }
  return out
}

function failureOf(xml: XmlElement, node: string): Failure {
  const key = attr(xml, 'operation_key') ?? attr(xml, 'id') ?? ''
  const parsed = /^(.+?)_(migrate_to|migrate_from|[^_]+)_(\d+)$/.exec(key)
  const number = (name: string) => {
    const value = Number.parseInt(attr(xml, name) ?? '', 10)
    return Number.isNaN(value) ? undefined : value
  }
  return {
    node,
    key,
    resource: parsed?.[1] ?? key,
    task: parsed?.[2] ?? attr(xml, 'operation') ?? '',
    intervalMs: Number.parseInt(parsed?.[3] ?? attr(xml, 'interval') ?? '0', 10) || 0,
    rc: Math.min(Math.max(number('rc-code') ?? 0, 0), rcMax),
    status: number('op-status') ?? 0,
    callId: attr(xml, 'call-id') ?? '',
    reason: attr(xml, 'exit-reason') ?? '',
    changedAt: number('last-rc-change'),
    execMs: attr(xml, 'exec-time'),
    queueMs: attr(xml, 'queue-time'),
    xml,
  }
}

/** Lines of the failed operations. @param isTechnical the older form with all numbers, for --show-detail */
export function failureItems(failures: readonly Failure[], isTechnical: boolean): readonly StatusItem[] {
  return failures.map((failure) => ({ text: isTechnical ? technical(failure) : friendly(failure) }))
}

function friendly(failure: Failure): string {
  const { task, intervalMs, reason, changedAt, execMs } = failure
  const isProbe = task === 'monitor' && intervalMs === 0
  const name = isProbe ? 'probe' : intervalMs === 0 ? task : `${spanText(intervalMs)}-interval ${task}`
  let out = `${failure.resource} ${name} on ${failure.node}`
  if (failure.status === 0) {
    out += ` returned '${exitWords(failure.rc)}'${reason === '' ? '' : ` (${reason})`}`
  } else {
    out += ` could not be executed (${operationWords(failure.status)}${reason === '' ? '' : `: ${reason}`})`
  }
  if (changedAt !== undefined) out += ` at ${localTime(changedAt)}`
  const exec = Number.parseInt(execMs ?? '0', 10)
  return exec > 0 ? `${out} after ${spanText(exec)}` : out
}

function technical(failure: Failure): string {
  let out = `${failure.key} on ${failure.node} '${exitWords(failure.rc)}' (${failure.rc}): call=${failure.callId}`
  out += `, status='${operationWords(failure.status)}'`
  if (failure.reason !== '') out += `, exitreason='${failure.reason}'`
  if (failure.changedAt !== undefined) out += `, last-rc-change='${localTime(failure.changedAt)}'`
  if (failure.queueMs !== undefined && failure.queueMs !== '') out += `, queued=${failure.queueMs}ms`
  if (failure.execMs !== undefined && failure.execMs !== '') out += `, exec=${failure.execMs}ms`
  return out
}
