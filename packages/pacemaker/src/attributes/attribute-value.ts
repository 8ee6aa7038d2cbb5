import { infinity, scoreOf } from '@quorate/cib'

/**
 * What a value that is asked for comes to: itself, or, written as `value++` or `value+=N`, the sum with what is known of
 * that node. Neither the case of `value` nor what follows the number counts; the sum is a number in digits of at most
 * INFINITY, and has no lower bound, as seen of Pacemaker 2.1.5.
 *
 * @param known undefined where the attribute is unset on the node: it counts from 0
 */
export function expandedValue(value: string, known: string | undefined): string {
  const parts = /^value(?:(\+\+)|\+=(.*))/is.exec(value)
  if (parts === null) return value
  const step = parts[1] === undefined ? numberOf(parts[2] ?? '') : 1
  return String(Math.min(infinity, numberOf(known ?? '0') + step))
}

/** Colours are scores of the health of nodes only. */
function numberOf(text: string): number {
  return /^[a-z]/.test(text) ? 0 : scoreOf(text.trim())
}
