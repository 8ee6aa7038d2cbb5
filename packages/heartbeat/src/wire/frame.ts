import { DecodeError } from '@quorate/base'
import type { Authentication } from './authentication.ts'
import { authName, classicEnd, classicLines, classicStart, readClassic } from './classic-text.ts'
import {
  type Field,
  type FieldType,
  fieldNameMax,
  fieldOf,
  type Message,
  messageBytesMax,
  messageFieldsMax,
  text,
  without,
} from './message.ts'
import { octetBytes, octetText } from './octets.ts'

/** First and last line of a netstring frame. */
const netstringStart = '###\n'
const netstringEnd = '%%%\n'
/** Digits of a netstring's length: those of the longest message. */
const lengthDigitsMax = 6
/** Bytes of the longest `NUMBER DIGEST` that is looked at. */
const claimBytesMax = 128
/** Room for what stands around the fields of a frame. */
const frameBytesMax = messageBytesMax + 256

/** How messages leave: netstrings as the C daemon always sends them, or classic text, which it takes as well. */
export type FrameFormat = 'netstring' | 'netstring-with-auth' | 'classic'

/**
 * The datagram of a message. `netstring-with-auth` has the authentication inside once more, as frames of a C daemon have with
 * `msgfmt classic`.
 *
 * @throws DecodeError where the message is larger than {@link messageBytesMax}
 */
export function encodeFrame(message: Message, format: FrameFormat, authentication: Authentication): Uint8Array {
  const fields = without(message, authName)
  const signed = (): string => authentication.sign(octetBytes(classicLines(fields)))
  if (format === 'classic') {
    const lines = `${classicLines(fields)}${authName}=${signed()}\n`
    return withinLimit(octetBytes(`${classicStart}${lines}${classicEnd}\0`))
  }
  const all = format === 'netstring' ? fields : [...fields, text(authName, signed())]
  const body = octetBytes(`${netstringStart}${all.map(netstringField).join('')}${netstringEnd}`)
  const claim = authentication.sign(body)
  const trailer = octetBytes(`${claim.length}:${claim},`)
  const out = new Uint8Array(body.byteLength + trailer.byteLength)
  out.set(body)
  out.set(trailer, body.byteLength)
  return withinLimit(out)
}

function withinLimit(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > messageBytesMax) {
    throw new DecodeError(
      'limit',
      messageBytesMax,
      `a message has at most ${messageBytesMax} bytes, not ${bytes.byteLength}`,
    )
  }
  return bytes
}

function netstringField({ name, type, value }: Field): string {
  const body = `(${type})${name}=${value}`
  return `${body.length}:${body},`
}

/**
 * Reads a datagram of either format, which must be authentic. The `auth` field is not part of what it answers.
 *
 * @throws DecodeError of the place at which it is no frame, or not authentic
 */
export function decodeFrame(bytes: Uint8Array, authentication: Authentication): Message {
  if (bytes.byteLength > frameBytesMax) {
    throw new DecodeError('limit', frameBytesMax, `a frame has at most ${frameBytesMax} bytes`)
  }
  const octets = octetText(bytes)
  return octets.startsWith(netstringStart)
    ? decodeNetstrings(octets, bytes, authentication)
    : decodeClassic(octets, authentication)
}

function decodeClassic(octets: string, authentication: Authentication): Message {
  const message = readClassic(octets)
  const fields = without(message, authName)
  const claim = fieldOf(message, authName)
  if (claim === undefined) throw new DecodeError('value', 0, 'a classic message has no auth line')
  if (!authentication.isTrue(octetBytes(classicLines(fields)), claim)) throw notAuthentic(0)
  return fields
}

function decodeNetstrings(octets: string, bytes: Uint8Array, authentication: Authentication): Message {
  const message: Field[] = []
  let at = netstringStart.length
  while (!octets.startsWith(netstringEnd, at)) {
    if (message.length >= messageFieldsMax) {
      throw new DecodeError('limit', at, `a message has at most ${messageFieldsMax} fields`)
    }
    const piece = netstringAt(octets, at, messageBytesMax)
    message.push(readField(piece.content, at))
    at = piece.end
  }
  at += netstringEnd.length
  const claim = netstringAt(octets, at, claimBytesMax)
  if (!authentication.isTrue(bytes.subarray(0, at), claim.content)) throw notAuthentic(at)
  return without(message, authName)
}

/** `LENGTH:CONTENT,` */
function netstringAt(octets: string, at: number, contentMax: number): { content: string; end: number } {
  const colon = octets.indexOf(':', at)
  const digits = octets.slice(at, colon < 0 ? at : colon)
  if (digits.length > lengthDigitsMax || !/^[0-9]+$/.test(digits)) {
    throw new DecodeError('value', at, 'a length and a colon are expected')
  }
  const length = Number(digits)
  if (length > contentMax) throw new DecodeError('limit', at, `a length of at most ${contentMax} is expected`)
  const from = colon + 1
  const end = from + length
  if (octets.length < end + 1) throw new DecodeError('short', octets.length, `need ${end + 1} bytes`)
  if (octets.charAt(end) !== ',') throw new DecodeError('value', end, 'a comma is expected')
  return { content: octets.slice(from, end), end: end + 1 }
}

function readField(content: string, at: number): Field {
  const typed = /^\(([0-5])\)/.exec(content)
  if (typed === null) throw new DecodeError('value', at, 'a field starts with its type, (0) to (5)')
  const equals = content.indexOf('=', 3)
  if (equals <= 3) throw new DecodeError('value', at, 'a field is (TYPE)NAME=VALUE')
  if (equals - 3 > fieldNameMax) throw new DecodeError('limit', at, `a name has at most ${fieldNameMax} bytes`)
  return { name: content.slice(3, equals), type: Number(typed[1]) as FieldType, value: content.slice(equals + 1) }
}

function notAuthentic(at: number): DecodeError {
  return new DecodeError('value', at, 'the message is not authentic: its digest is not that of a key of ours')
}
