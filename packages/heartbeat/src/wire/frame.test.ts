import { createHmac } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DecodeError } from '@quorate/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AuthMethod, parseAuthKeys } from './auth-keys.ts'
import { Authentication, type Hmac } from './authentication.ts'
import { classicLines, isClassic } from './classic-text.ts'
import { crcHex } from './crc.ts'
import { decodeFrame, encodeFrame, type FrameFormat } from './frame.ts'
import { type FieldType, fieldOf, type Message, messageBytesMax, messageFieldsMax, text } from './message.ts'
import { base64Of, octetBytes, octetsOfBase64, octetText } from './octets.ts'

const hmac: Hmac = (hash, key, data) => createHmac(hash, key).update(data).digest('hex')

function authenticationOf(content: string): Authentication {
  const keys = parseAuthKeys(content)
  if (!keys.ok) throw new Error(keys.error)
  return new Authentication(keys.value, hmac)
}

const captures = path.join(
  process.env['QUORATE_SHARED'] ?? fileURLToPath(new URL('../../../../../shared', import.meta.url)),
  'captures/fence-and-heartbeat',
)
const files = existsSync(captures) ? readdirSync(captures).filter((name) => /^heartbeat-.*\.pcap$/.test(name)) : []
/** Keys of the rings that were recorded. */
const recordedKeys: Record<AuthMethod, Authentication> = {
  sha1: authenticationOf('auth 1\n1 sha1 SecretKey123\n'),
  md5: authenticationOf('auth 1\n1 md5 Md5Key\n'),
  crc: authenticationOf('auth 1\n1 crc\n'),
}

/** Bodies of the UDP datagrams of an Ethernet or cooked capture. */
function* datagrams(file: string): Generator<Buffer> {
  const all = readFileSync(file)
  const link = all.readUInt32LE(20)
  const skipped = link === 1 ? 14 : link === 113 ? 16 : 20
  for (let at = 24; at + 16 <= all.length; ) {
    const size = all.readUInt32LE(at + 8)
    const packet = all.subarray(at + 16 + skipped, at + 16 + size)
    at += 16 + size
    const headerSize = ((packet[0] ?? 0) & 15) * 4
    const isFirstPart = (packet.readUInt16BE(6) & 0x1fff) === 0
    if ((packet[0] ?? 0) >> 4 !== 4 || packet[9] !== 17 || !isFirstPart) continue
    yield packet.subarray(headerSize + 8, headerSize + packet.readUInt16BE(headerSize + 4))
  }
}

describe.skipIf(files.length === 0)('datagrams of real rings', () => {
  it.each(files)('%s: every datagram is authentic, and comes out the same again', (name) => {
    let seen = 0
    for (const bytes of datagrams(path.join(captures, name))) {
      const authentication = Object.values(recordedKeys).find((one) => {
        try {
          decodeFrame(bytes, one)
          return true
        } catch {
          return false
        }
      })
      expect(authentication, bytes.toString('latin1')).toBeDefined()
      if (authentication === undefined) return
      const message = decodeFrame(bytes, authentication)
      const isNetstring = bytes.toString('latin1', 0, 3) === '###'
      const isDouble = isNetstring && /,[0-9]+:\(0\)auth=/.test(bytes.toString('latin1'))
      const format: FrameFormat = isDouble ? 'netstring-with-auth' : isNetstring ? 'netstring' : 'classic'
      expect(Buffer.from(encodeFrame(message, format, authentication)).toString('latin1')).toBe(
        bytes.toString('latin1'),
      )
      expect(fieldOf(message, 't')).toBeDefined()
      seen += 1
    }
    expect(seen).toBeGreaterThan(50)
  })
})

const names = fc.stringMatching(/^[a-z_]{1,12}$/)
const octets = fc.uint8Array({ maxLength: 40 }).map((bytes) => octetText(bytes))
const message: fc.Arbitrary<Message> = fc
  .array(fc.record({ name: names, type: fc.constantFrom<FieldType>(0, 1, 2, 3, 4, 5), value: octets }), {
    maxLength: 12,
  })
  .map((fields) => fields.filter(({ name }) => name !== 'auth'))
const keyRing = authenticationOf('auth 3\n1 crc\n2 md5 two\n3 sha1 three\n')

describe('frames', () => {
  it('hold any octets as netstrings', () => {
    fc.assert(
      fc.property(message, fc.constantFrom<FrameFormat>('netstring', 'netstring-with-auth'), (one, format) => {
        expect(decodeFrame(encodeFrame(one, format, keyRing), keyRing)).toEqual(one)
      }),
    )
  })

  it('hold what the classic format can hold', () => {
    fc.assert(
      fc.property(message, (one) => {
        fc.pre(isClassic(one))
        expect(decodeFrame(encodeFrame(one, 'classic', keyRing), keyRing)).toEqual(one)
      }),
    )
  })

  it('are refused with one octet changed, cut, or in excess', () => {
    const whole = encodeFrame([text('t', 'status'), text('st', 'up')], 'netstring', keyRing)
    for (let at = 0; at < whole.byteLength - 1; at += 1) {
      const changed = whole.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => decodeFrame(changed, keyRing), `octet ${at}`).toThrow(DecodeError)
      expect(() => decodeFrame(whole.subarray(0, at), keyRing), `cut at ${at}`).toThrow(DecodeError)
    }
  })

  it('of any kind of noise end in a refusal', () => {
    const pieces = fc.constantFrom(
      '###\n',
      '%%%\n',
      '>>>\n',
      '<<<\n',
      '9:(0)t=a=b,',
      '999999:',
      'auth=3 00\n',
      '(1)a=??\n',
      ',',
      '-1:',
      '\0',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, octets), { maxLength: 12 }), (parts) => {
        expect(() => decodeFrame(octetBytes(parts.join('')), keyRing)).toThrow(DecodeError)
      }),
    )
  })

  it('have limits, which are checked before anything is taken', () => {
    const many = Array.from({ length: messageFieldsMax + 1 }, () => text('a', 'b'))
    expect(() => decodeFrame(encodeFrame(many, 'netstring', keyRing), keyRing)).toThrow(/at most 512 fields/)
    expect(() => decodeFrame(encodeFrame(many, 'classic', keyRing), keyRing)).toThrow(/at most 512 fields/)
    const large = [text('a', 'x'.repeat(messageBytesMax))]
    expect(() => encodeFrame(large, 'netstring', keyRing)).toThrow(/at most 262144 bytes/)
    expect(() => decodeFrame(octetBytes('###\n999999:x'), keyRing)).toThrow(/at most 262144/)
    expect(() => decodeFrame(new Uint8Array(messageBytesMax * 2), keyRing)).toThrow(/a frame has at most/)
  })

  it('are believed by any key that is listed, and by no other', () => {
    const other = authenticationOf('auth 2\n2 md5 two\n')
    expect(decodeFrame(encodeFrame([text('t', 'x')], 'netstring', other), keyRing)).toEqual([text('t', 'x')])
    const wrong = authenticationOf('auth 2\n2 md5 too\n')
    expect(() => decodeFrame(encodeFrame([text('t', 'x')], 'netstring', wrong), keyRing)).toThrow(/not authentic/)
    const unknown = authenticationOf('auth 4\n4 md5 two\n')
    expect(() => decodeFrame(encodeFrame([text('t', 'x')], 'netstring', unknown), keyRing)).toThrow(/not authentic/)
  })
})

describe('pieces of the format', () => {
  it('crc is that of the C plugin', () => {
    expect(crcHex(octetBytes('123456789'))).toBe('765e7680')
    expect(crcHex(new Uint8Array(0))).toBe('ffffffff')
  })

  it('base 64 is as Buffer makes it, and refuses what is none', () => {
    fc.assert(
      fc.property(octets, (one) => {
        expect(base64Of(one)).toBe(Buffer.from(one, 'latin1').toString('base64'))
        expect(octetsOfBase64(base64Of(one))).toBe(one)
      }),
    )
    for (const wrong of ['A', 'AA', 'AA=A', '====', 'A?==']) expect(octetsOfBase64(wrong), wrong).toBeUndefined()
  })

  it('classic lines of a binary value are base 64', () => {
    expect(
      classicLines([text('t', 'x'), { name: 'u', type: 1, value: 'ab' }, { name: 'l', type: 3, value: '1:2,' }]),
    ).toBe('t=x\n(1)u=YWI=\n(3)l=1:2,\n')
  })
})

describe('authkeys', () => {
  it.each([
    ['auth 1\n1 sha1 word\n', undefined],
    ['# note\n\nauth 2\n1 crc\n2 md5 word\n', undefined],
    ['1 crc\n', /a line 'auth NUMBER' is missing/],
    ['auth 1\n2 crc\n', /line 1: there is no key 1/],
    ['auth 1\n1 sha1\n', /line 2: method sha1 needs a key/],
    ['auth 1\n1 sha256 word\n', /line 2: the method 'sha256' is none of crc, md5, sha1/],
    ['auth 1\n1 sha1 two words\n', /line 2: a key is one word/],
    ['auth 1\n1 crc\n1 crc\n', /line 3: key 1 is there a second time/],
    ['auth 1\nauth 1\n1 crc\n', /line 2: 'auth' is there a second time/],
    ['auth 16\n16 crc\n', /line 1: 'auth' is followed by a number of 0 to 15/],
    ['auth 1\n1 crc\nsecret word\n', /line 3: 'auth NUMBER' or/],
  ])('%j', (content, error) => {
    const parsed = parseAuthKeys(content)
    if (error === undefined) expect(parsed.ok).toBe(true)
    else expect(parsed.ok ? '' : parsed.error).toMatch(error)
  })
})
