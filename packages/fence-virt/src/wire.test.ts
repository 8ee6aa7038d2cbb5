import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  channelRequestLayout,
  channelResponseSize,
  decodeChannelRequest,
  encodeChannelRequest,
  encodeChannelResponse,
  huntFrame,
  huntFrames,
  noFrames,
} from './channel-frame.ts'
import { beginClient, type ClientStep, stepClient } from './client-session.ts'
import { encodeFenceRequest, type FenceRequest, openFenceRequest } from './fence-request.ts'
import { type Digest, equalInConstantTime, type HashName, hashNames, paddedDigest } from './hash.ts'
import { decodeHost, encodeHosts, hostRecordLayout } from './host-record.ts'
import { type OperationName, operationCodes } from './operation.ts'
import { awaitingRequest, calledBack, expectProof, type ServerStep, stepServer } from './server-session.ts'

const digest: Digest = (hash, prefix, data, rest = new Uint8Array(0)) =>
  createHash(hash).update(prefix).update(data).update(rest).digest()
const key = new Uint8Array([1, 2, 3, 10])
const random = new Uint8Array([9, 8, 7, 6, 5, 4])
const request: FenceRequest = {
  operation: 'reboot',
  domain: 'vm-a',
  isUuid: false,
  sequence: 0x01020304,
  hash: 'sha256',
  callBack: { family: 'ipv4', address: Uint8Array.of(10, 77, 0, 1), port: 1229 },
}
const sealed = encodeFenceRequest(request, { key, random, digest })
const open = (bytes: Uint8Array, weakest: HashName = 'sha256') =>
  openFenceRequest(bytes, { key, digest, weakest }, 'callBack')

describe('the request of the network listeners', () => {
  it('lies on the wire as documented', () => {
    expect(sealed.byteLength).toBe(176)
    expect([...sealed.subarray(0, 9)]).toEqual([2, 2, 4, 0, ...Buffer.from('vm-a'), 0])
    expect([...sealed.subarray(68, 72)]).toEqual([10, 77, 0, 1])
    expect([...sealed.subarray(96, 112)]).toEqual([0xcd, 0x04, ...random, 4, 3, 2, 1, 2, 0, 0, 0])
    const unsigned = new Uint8Array(sealed)
    unsigned.fill(0, 112)
    const expected = createHash('sha256').update(key).update(unsigned).digest()
    expect(Buffer.from(sealed.subarray(112, 144)).equals(expected)).toBe(true)
    expect(sealed.subarray(144).every((byte) => byte === 0)).toBe(true)
  })

  it('comes back as it was for every hash and operation', () => {
    for (const hash of hashNames) {
      for (const operation of Object.keys(operationCodes) as OperationName[]) {
        const one = { ...request, hash, operation }
        const opened = open(encodeFenceRequest(one, { key, random, digest }), 'none')
        expect(opened).toEqual({ ok: true, value: one })
      }
    }
  })

  it('is opened from a node Buffer without changing it', () => {
    const bytes = Buffer.from(sealed)
    expect(open(bytes).ok).toBe(true)
    expect(bytes.equals(Buffer.from(sealed))).toBe(true)
  })

  it('refuses weaker hashes and takes stronger ones', () => {
    const as = (hash: HashName, weakest: HashName) =>
      open(encodeFenceRequest({ ...request, hash }, { key, random, digest }), weakest)
    for (const [index, hash] of hashNames.entries()) {
      for (const [limit, weakest] of hashNames.entries()) expect(as(hash, weakest).ok).toBe(index >= limit)
    }
    expect(as('sha1', 'sha256')).toMatchObject({ error: { fault: 'weak' } })
  })

  it('refuses every single flipped bit', () => {
    for (let bit = 0; bit < sealed.byteLength * 8; bit += 1) {
      const bytes = new Uint8Array(sealed)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(open(bytes).ok, `bit ${bit}`).toBe(false)
    }
  })

  const unsigned = (change: (bytes: Uint8Array) => void) => {
    const bytes = encodeFenceRequest({ ...request, hash: 'none' }, { key, random, digest })
    change(bytes)
    return open(bytes, 'none')
  }

  it('refuses other lengths, unknown families and port 0', () => {
    expect(open(sealed.subarray(1))).toMatchObject({ error: { fault: 'malformed' } })
    expect(unsigned(() => undefined).ok).toBe(true)
    expect(unsigned((bytes) => bytes.fill(0, 96, 98)).ok).toBe(false)
    expect(unsigned((bytes) => bytes.fill(7, 108, 109)).ok).toBe(false)
    expect(unsigned((bytes) => bytes.fill(28, 2, 3)).ok).toBe(false)
    expect(unsigned((bytes) => bytes.fill(65, 4, 68)).ok).toBe(false)
    expect(unsigned((bytes) => bytes.fill(0xff, 4, 5)).ok).toBe(false)
  })

  it('take a number that is no operation for one that fails, and names with control characters for names', () => {
    const opened = (change: (bytes: Uint8Array) => void) => {
      const outcome = unsigned(change)
      return outcome.ok && outcome.value
    }
    for (const code of [7, 8, 255]) {
      expect(opened((bytes) => bytes.fill(code, 0, 1))).toMatchObject({ operation: 'null' })
    }
    expect(opened((bytes) => bytes.set([0x61, 9, 0x62, 0], 4))).toMatchObject({ domain: 'a\tb' })
  })

  it('never opens what was not signed with the key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 170, maxLength: 180 }), (bytes) => {
        expect(open(bytes, 'sha1').ok).toBe(false)
      }),
    )
  })

  it('never throws for unsigned noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 176, maxLength: 176 }), (bytes) => {
        bytes[1] = 0
        open(bytes, 'none')
      }),
    )
  })
})

describe('frames of serial lines', () => {
  const frame = encodeChannelRequest({ operation: 'off', domain: 'vm-b', isUuid: false, sequence: 7 })

  it('lie on the wire as documented', () => {
    expect(frame.byteLength).toBe(74)
    expect([...frame.subarray(0, 11)]).toEqual([...Buffer.from('abba'), 1, 0, ...Buffer.from('vm-b'), 0])
    expect([...frame.subarray(70)]).toEqual([7, 0, 0, 0])
    expect([...encodeChannelResponse(2)]).toEqual([...Buffer.from('abba'), 2])
  })

  it('are found behind any noise, however it is cut, with "aabba" too', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0x61, 0x62, 0)), fc.integer({ min: 1, max: 9 }), (noise, step) => {
        const bytes = Uint8Array.from([...noise.map((byte) => byte || 0x61), 0x7a, 0x61, ...frame])
        let hunt = noFrames
        const frames: Uint8Array[] = []
        for (let at = 0; at < bytes.byteLength; at += step) {
          const found = huntFrames(hunt, bytes.subarray(at, at + step), channelRequestLayout.size)
          hunt = found.hunt
          frames.push(...found.frames)
          expect(hunt.pending.byteLength).toBeLessThan(channelRequestLayout.size)
        }
        const last = frames.at(-1)
        const isSwallowed = frames.some((one) => one.byteLength === 74 && !Buffer.from(one).equals(Buffer.from(frame)))
        expect(isSwallowed || (last !== undefined && decodeChannelRequest(last).ok)).toBe(true)
      }),
    )
    const found = huntFrames(noFrames, Uint8Array.from([0x61, ...frame]), channelRequestLayout.size)
    expect(found.frames).toHaveLength(1)
  })

  it('give the bytes behind the first one back', () => {
    const bytes = Uint8Array.from([1, ...encodeChannelResponse(253), 5, 6])
    const found = huntFrame(noFrames, bytes, channelResponseSize)
    expect('frame' in found && [found.frame[4], [...found.rest]]).toEqual([253, [5, 6]])
  })

  it('of an operation that has no number are answered as a failure', () => {
    const odd = frame.map((byte, at) => (at === 4 ? 7 : byte))
    expect(decodeChannelRequest(odd)).toMatchObject({ ok: true, value: { operation: 'null', domain: 'vm-b' } })
  })

  it('never throw for noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 74, maxLength: 74 }), (bytes) => {
        bytes.set([0x61, 0x62, 0x62, 0x61])
        decodeChannelRequest(bytes)
      }),
    )
  })
})

describe('records of hosts', () => {
  it('end with a zero record and tolerate garbage behind NULs', () => {
    const bytes = encodeHosts([{ name: 'vm-a', uuid: 'u', state: 5 }])
    expect(bytes.byteLength).toBe(260)
    bytes.fill(0x58, 20, 64)
    expect(decodeHost(bytes.subarray(0, 130))).toEqual({ name: 'vm-a', uuid: 'u', state: 5 })
    expect(decodeHost(bytes.subarray(130))).toBeUndefined()
  })

  it('cut long names between characters', () => {
    const name = 'ä'.repeat(40)
    const host = decodeHost(encodeHosts([{ name, uuid: 'u', state: 1 }]).subarray(0, hostRecordLayout.size))
    expect(host?.name).toBe('ä'.repeat(31))
  })
})

describe('a session between client and daemon', () => {
  const challenges = { client: new Uint8Array(64).fill(1), daemon: new Uint8Array(64).fill(2) }

  /** Runs both ends against one another, the bytes cut into pieces of `step`. */
  function run(clientKey: Uint8Array, auth: { client: HashName; daemon: HashName }, step: number) {
    const security = { key, hash: 'sha1', auth: auth.daemon, digest } as const
    const mine = { key: clientKey, auth: auth.client, digest }
    const log: string[] = []
    const toDaemon: Uint8Array[] = []
    const toClient: Uint8Array[] = []
    let daemon: ServerStep = calledBack(security, request)
    let client: ClientStep = beginClient(mine, challenges.client)
    const takeDaemon = (next: ServerStep): void => {
      daemon = next
      for (const effect of next.effects) {
        if (effect.do === 'send') toClient.push(effect.bytes, effect.rest)
        else if (effect.do === 'execute') {
          log.push('execute')
          toClient.push(Uint8Array.of(0))
        } else log.push(effect.fault)
      }
    }
    const takeClient = (next: ClientStep): void => {
      client = next
      for (const effect of next.effects) {
        if (effect.do === 'send') toDaemon.push(effect.bytes)
        else log.push(effect.outcome.kind)
      }
    }
    takeDaemon(daemon)
    takeClient(client)
    while (toDaemon.length + toClient.length > 0) {
      const up = toDaemon.shift()
      for (let at = 0; up !== undefined && at < up.byteLength; at += step) {
        takeDaemon(stepServer(security, daemon.session, up.subarray(at, at + step), challenges.daemon))
      }
      const down = toClient.shift()
      for (let at = 0; down !== undefined && at < down.byteLength; at += step) {
        takeClient(stepClient(mine, client.session, down.subarray(at, at + step)))
      }
    }
    return log
  }

  it('comes to its end for every strength and however bytes are cut', () => {
    for (const auth of hashNames) {
      for (const step of [1, 7, 64, 1000]) {
        expect(run(key, { client: auth, daemon: auth }, step)).toEqual(['execute', 'response'])
      }
    }
  })

  it('carries nothing out for a wrong key or another strength', () => {
    expect(run(new Uint8Array([1]), { client: 'sha256', daemon: 'sha256' }, 64)).toEqual(['mismatch'])
    expect(run(key, { client: 'sha1', daemon: 'sha256' }, 64)).toEqual(['mismatch'])
    expect(run(key, { client: 'none', daemon: 'sha256' }, 64)).toEqual([])
  })

  it('carries nothing out for noise in place of a proof', () => {
    const security = { key, hash: 'sha256', auth: 'sha256', digest } as const
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (parts) => {
        const without = { ...request, callBack: undefined }
        const signed = encodeFenceRequest(without, { key, random, digest })
        let session = stepServer(security, awaitingRequest, signed, challenges.daemon).session
        for (const part of parts) {
          const step = stepServer(security, session, part, challenges.daemon)
          session = step.session
          expect(step.effects.some((effect) => effect.do === 'execute')).toBe(false)
        }
      }),
    )
  })

  it('takes the same proof, and no other, where it was computed ahead', () => {
    const security = { key, hash: 'sha1', auth: 'sha256', digest } as const
    const { session } = stepServer(
      security,
      calledBack(security, request).session,
      challenges.client,
      challenges.daemon,
    )
    const ahead = expectProof(security, session, challenges.daemon)
    const proof = paddedDigest(digest, 'sha256', key, challenges.daemon)
    const effectsOf = (answer: Uint8Array): readonly string[] => {
      const half = stepServer(security, ahead, answer.subarray(0, 30), challenges.daemon).session
      return stepServer(security, half, answer.subarray(30), challenges.daemon).effects.map((effect) => effect.do)
    }
    expect(effectsOf(proof)).toEqual(['execute'])
    expect(effectsOf(proof.map((byte) => byte ^ 1))).toEqual(['refuse'])
    expect(expectProof(security, awaitingRequest, challenges.daemon)).toBe(awaitingRequest)
  })

  it('reads a list of hosts that is cut anywhere', () => {
    const hosts = [
      { name: 'a', uuid: 'ua', state: 1 },
      { name: 'b', uuid: 'ub', state: 5 },
    ]
    const bytes = Uint8Array.from([253, ...encodeHosts(hosts), 0])
    const mine = { key, auth: 'none', digest } as const
    for (const step of [1, 129, 130, 131, 1000]) {
      let { session } = beginClient(mine, challenges.client)
      const outcomes = []
      for (let at = 0; at < bytes.byteLength; at += step) {
        const next = stepClient(mine, session, bytes.subarray(at, at + step))
        session = next.session
        outcomes.push(...next.effects)
      }
      expect(outcomes).toEqual([{ do: 'finish', outcome: { kind: 'hosts', hosts } }])
    }
  })
})

it('comparison in constant time is comparison', () => {
  expect(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(equalInConstantTime(Uint8Array.of(1), Uint8Array.of(1, 3))).toBe(false)
})
