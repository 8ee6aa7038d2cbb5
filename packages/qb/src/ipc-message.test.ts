import { DecodeError } from '@quorate/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipcMessageBytesMax } from './ipc-limits.ts'
import {
  connectionRequestBytes,
  connectionResponseBytes,
  decodeConnectionRequest,
  decodeConnectionResponse,
  encodeConnectionRequest,
  encodeConnectionResponse,
} from './ipc-message.ts'

describe('connection request', () => {
  test('has 24 bytes with the wish at 16', () => {
    const bytes = encodeConnectionRequest(1_048_576)
    expect(bytes.byteLength).toBe(24)
    expect(connectionRequestBytes).toBe(24)
    expect(Buffer.from(bytes).toString('hex')).toBe('ffffffff000000001800000000000000' + '0000100000000000')
    expect(decodeConnectionRequest(bytes)).toBe(1_048_576)
  })

  test('refuses another id, another size and a wish above the limit', () => {
    const bytes = encodeConnectionRequest(ipcMessageBytesMax)
    expect(decodeConnectionRequest(bytes)).toBe(ipcMessageBytesMax)
    expect(() => decodeConnectionRequest(encodeConnectionRequest(ipcMessageBytesMax + 1))).toThrow('limit')
    expect(() => decodeConnectionRequest(Uint8Array.from(bytes, (byte, i) => (i === 0 ? 1 : byte)))).toThrow('id')
    expect(() => decodeConnectionRequest(Uint8Array.from(bytes, (byte, i) => (i === 8 ? 25 : byte)))).toThrow(
      '25 bytes',
    )
    expect(() => decodeConnectionRequest(bytes.subarray(0, 23))).toThrow(DecodeError)
  })

  test('any bytes are a wish within the limit or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 48 }), (bytes) => {
        try {
          expect(decodeConnectionRequest(bytes)).toBeLessThanOrEqual(ipcMessageBytesMax)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
    )
  })
})

describe('connection response', () => {
  const admission = {
    error: 0,
    transport: 'shm',
    maxMessageBytes: 1_048_576,
    requestPath: '/dev/shm/qb-1-2-3-abcdef/qb-request-cmap',
    responsePath: '/dev/shm/qb-1-2-3-abcdef/qb-response-cmap',
    eventPath: '/dev/shm/qb-1-2-3-abcdef/qb-event-cmap',
  } as const

  test('survives the wire, with its paths at 40, 4136 and 8232', () => {
    const bytes = encodeConnectionResponse(admission)
    expect(bytes.byteLength).toBe(connectionResponseBytes)
    expect(decodeConnectionResponse(bytes)).toEqual(admission)
    for (const [at, text] of [
      [40, admission.requestPath],
      [4136, admission.responsePath],
      [8232, admission.eventPath],
    ] as const) {
      expect(Buffer.from(bytes).toString('latin1', at, at + text.length)).toBe(text)
    }
  })

  test('a refusal carries its errno and nothing else', () => {
    expect(decodeConnectionResponse(encodeConnectionResponse({ error: -13 }))).toEqual({ error: -13 })
  })

  test('an unknown transport is refused', () => {
    const bytes = encodeConnectionResponse(admission)
    bytes[24] = 2
    expect(() => decodeConnectionResponse(bytes)).toThrow('unknown transport 2')
  })

  test('changed bytes decode or are a DecodeError', () => {
    const good = encodeConnectionResponse(admission)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const bytes = good.slice()
        for (const [at, value] of changes) bytes[at] = value
        try {
          decodeConnectionResponse(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
    )
  })
})
