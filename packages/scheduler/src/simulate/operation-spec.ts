import { parseKey } from '../action/key.ts'

/** An operation on a node with its outcome, as `rsc_monitor_10000@n1=7`. */
export type OperationSpec = {
  readonly text: string
  readonly resourceId: string
  readonly task: string
  readonly intervalMs: number
  readonly node: string
  readonly rc: number
}

/** Reads an operation with its outcome; the number of fields that were found where it is not complete. */
export function parseOperationSpec(text: string): OperationSpec | number {
  const at = text.indexOf('@')
  const equals = text.indexOf('=', at)
  const key = at < 0 ? text : text.slice(0, at)
  const parsed = parseKey(key)
  if (at < 0) return 1
  if (equals < 0) return 2
  if (parsed === undefined) return 1
  const rc = Number.parseInt(text.slice(equals + 1), 10)
  return { text, ...parsed, node: text.slice(at + 1, equals), rc: Number.isNaN(rc) ? 0 : rc }
}
