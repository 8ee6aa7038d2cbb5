import type { LogLine } from '@quorate/scheduler'

const intMin = -(2 ** 31)
const intMax = 2 ** 31 - 1
const longMin = -(2n ** 63n)
const longMax = 2n ** 63n - 1n

/** A code as it was read from a text, and what was odd about the text. */
export type ReadCode = { readonly code: number; readonly remarks: readonly LogLine[] }

function warning(source: string, text: string): LogLine {
  return { kind: 'warning', source, text }
}

/** Reads the number that a text begins with; what is no number, or has more than 64 bits, is the least of 32 bits. */
export function readCode(text: string): ReadCode {
  const found = /^\s*([+-]?\d+)/.exec(text)
  const value = BigInt(found?.[1] ?? '0')
  const rest = found === null ? text : text.slice(found[0].length)
  const remarks: LogLine[] = []
  const isLong = value >= longMin && value <= longMax
  if (found === null) {
    remarks.push(
      warning('scan_ll', `Could not parse integer from '${text}' (using ${intMin} instead): No digits found`),
    )
  } else if (!isLong) {
    const limit = value < 0n ? longMin : longMax
    remarks.push(warning('scan_ll', `Integer parsed from '${text}' was clipped to ${limit}`))
  }
  if (rest !== '') remarks.push(warning('scan_ll', `Characters left over after parsing '${text}': '${rest}'`))
  if (found === null || !isLong) return { code: intMin, remarks }
  const size = Number(value)
  if (size < intMin) {
    const why = `Clipped '${text}' to minimum acceptable value ${intMin}`
    return { code: intMin, remarks: [...remarks, warning('pcmk__scan_min_int', why)] }
  }
  if (size <= intMax) return { code: size, remarks }
  const why = `Clipped '${text}' to maximum integer ${intMax}`
  return { code: intMax, remarks: [...remarks, warning('pcmk__scan_min_int', why)] }
}
