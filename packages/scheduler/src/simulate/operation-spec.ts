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

/** What is missing of an operation with its outcome: fields after so many, or a resource in what names it. */
export type SpecFault = { readonly fields: number } | 'no resource'

/** Reads an operation with its outcome. Fields are counted as C's `scanf` does: -1 for nothing at all. */
export function parseOperationSpec(text: string): OperationSpec | SpecFault {
  if (text === '') return { fields: -1 }
  const [, key = '', node = '', outcome] = /^([^@]*)(?:@([^=]*)(?:=(.*))?)?/s.exec(text) ?? []
  if (key === '') return { fields: 0 }
  if (node === '') return { fields: 1 }
  const rc = outcome === undefined ? undefined : leadingInteger(outcome)
  if (rc === undefined) return { fields: 2 }
  const parsed = parseKey(key)
  return parsed === undefined ? 'no resource' : { text, ...parsed, node, rc }
}

/** The number that an outcome begins with, in 32 bits as C's `scanf` has it. */
export function leadingInteger(text: string): number | undefined {
  const digits = /^\s*([+-]?\d+)/.exec(text)?.[1]
  return digits === undefined ? undefined : Number(BigInt.asIntN(32, clamped(BigInt(digits.replace('+', '')))))
}

function clamped(value: bigint): bigint {
  const [low, high] = [-(2n ** 63n), 2n ** 63n - 1n]
  return value < low ? low : value > high ? high : value
}
