import { DecodeError } from '@quorate/base'
import { type Field, type FieldType, fieldNameMax, fieldTypes, type Message, messageFieldsMax } from './message.ts'
import { base64Of, octetsOfBase64 } from './octets.ts'

/** First and last line of a classic message. */
export const classicStart = '>>>\n'
export const classicEnd = '<<<\n'
/** Name of the line that authenticates a classic message. */
export const authName = 'auth'

/**
 * Lines of a message as the classic format has them, without its first and last: `name=value`, binary values as
 * `(1)name=BASE64`, other kinds with their number before the name. It is also what the `auth` field inside a frame covers.
 */
export function classicLines(message: Message): string {
  return message.map(classicLine).join('')
}

function classicLine({ name, type, value }: Field): string {
  if (type === fieldTypes.text) return `${name}=${value}\n`
  if (type === fieldTypes.binary) return `(${type})${name}=${base64Of(value)}\n`
  return `(${type})${name}=${value}\n`
}

/** Whether the classic format can hold the message: no newline in a name or in a value that is not binary. */
export function isClassic(message: Message): boolean {
  return message.every(
    ({ name, type, value }) => !name.includes('\n') && (type === fieldTypes.binary || !/[\n\0]/.test(value)),
  )
}

/**
 * Reads a classic message: octets from `>>>` on; what comes behind `<<<` is left alone.
 *
 * @throws DecodeError of the place at which it is none
 */
export function readClassic(octets: string): Message {
  if (!octets.startsWith(classicStart)) throw new DecodeError('value', 0, "a classic message starts with '>>>'")
  const message: Field[] = []
  let at = classicStart.length
  while (!octets.startsWith(classicEnd, at)) {
    const end = octets.indexOf('\n', at)
    if (end < 0) throw new DecodeError('short', at, "a line, or '<<<' at the end, is missing")
    if (message.length >= messageFieldsMax) {
      throw new DecodeError('limit', at, `a message has at most ${messageFieldsMax} fields`)
    }
    message.push(readLine(octets.slice(at, end), at))
    at = end + 1
  }
  return message
}

function readLine(line: string, at: number): Field {
  const typed = /^\(([0-5])\)/.exec(line)
  const nameAt = typed === null ? 0 : typed[0].length
  const equals = line.indexOf('=', nameAt)
  if (equals <= nameAt) throw new DecodeError('value', at, 'a line is NAME=VALUE')
  if (equals - nameAt > fieldNameMax) throw new DecodeError('limit', at, `a name has at most ${fieldNameMax} bytes`)
  const type = Number(typed?.[1] ?? fieldTypes.text) as FieldType
  const raw = line.slice(equals + 1)
  const value = type === fieldTypes.binary ? octetsOfBase64(raw) : raw
  if (value === undefined) throw new DecodeError('value', at, 'a binary value is base 64')
  return { name: line.slice(nameAt, equals), type, value }
}
