import type { CmapValue } from '@quorate/corosync/client'
import { escaped } from '../corosync-tools/escaped.ts'

const typeNames = {
  i8: 'i8',
  u8: 'u8',
  i16: 'i16',
  u16: 'u16',
  i32: 'i32',
  u32: 'u32',
  i64: 'i64',
  u64: 'u64',
  float: 'flt',
  double: 'dbl',
  string: 'str',
  binary: 'bin',
} as const

/** Name of the value's type as the tool spells it. */
export function typeText(value: CmapValue): string {
  return typeNames[value.type]
}

/** The value alone, or undefined where it is binary and nobody asked for that. */
export function valueText(value: CmapValue, showsBinary: boolean): string | undefined {
  switch (value.type) {
    case 'string':
      return value.value
    case 'binary':
      return showsBinary ? escaped(value.value) : undefined
    case 'float':
    case 'double':
      return floatText(Number(value.value))
    default:
      return String(value.value)
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`
}

/** `key (type) = value`, with its newline. */
export function keyLine(key: string, value: CmapValue, showsBinary: boolean): string {
  const text = valueText(value, showsBinary)
  return text === undefined ? `${key} (${typeText(value)})\n` : `${key} (${typeText(value)}) = ${text}\n`
}

const integerLimits = {
  i8: [-(2n ** 7n), 2n ** 7n - 1n],
  u8: [0n, 2n ** 8n - 1n],
  i16: [-(2n ** 15n), 2n ** 15n - 1n],
  u16: [0n, 2n ** 16n - 1n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
} as const

/** A value typed as on the command line, or the complaint about it. `bin` is a file name and is read elsewhere. */
export function parseValue(type: string, text: string): CmapValue | string {
  if (type === 'str') return { type: 'string', value: text }
  if (type === 'flt' || type === 'dbl') {
    const value = parseFloatText(text)
    if (value === undefined) return `${text} is not valid ${type} type value`
    return { type: type === 'flt' ? 'float' : 'double', value }
  }
  if (!isIntegerType(type)) return `Unknown type ${type}`
  const value = parseInteger(text)
  if (value === undefined) return `${text} is not valid ${type} type value`
  const [least, most] = integerLimits[type]
  const isWide = type === 'i64' || type === 'u64'
  if (!isWide && (value < least || value > most)) return `${text} is not valid ${type} integer`
  // The C library's strtoll and strtoull stop at their limits.
  const held = value > most ? most : type === 'i64' && value < least ? least : BigInt.asUintN(64, value)
  return { type, value: isWide ? held : value }
}

function isIntegerType(type: string): type is keyof typeof integerLimits {
  return Object.hasOwn(integerLimits, type)
}

/** As strtoll with base 0: decimal, 0x hexadecimal, 0 octal. */
function parseInteger(text: string): bigint | undefined {
  const match = /^\s*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text)
  if (match === null) return undefined
  const [, sign, digits = ''] = match
  const isOctal = digits.length > 1 && digits.startsWith('0') && !/^0x/i.test(digits)
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits)
  return sign === '-' ? -value : value
}

function parseFloatText(text: string): number | undefined {
  const word = /^\s*([+-]?)(nan|inf|infinity)$/i.exec(text)
  if (word !== null) {
    const value = word[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY
    return word[1] === '-' ? -value : value
  }
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}
