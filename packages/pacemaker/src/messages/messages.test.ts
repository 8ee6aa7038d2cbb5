import { DecodeError, nodeId } from '@quorate/base'
import { element } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bzip2 } from './bzip2.ts'
import { compressFromBytes, decodeCpgMessage, encodeCpgMessage, nodeNameBytesMax } from './cpg-message.ts'
import { routeCrmMessage } from './crmd-route.ts'
import { decodeIpcFrame, encodeIpcFrame, ipcFlags, ipcXmlBytesMax } from './ipc-frame.ts'
import { PeerCache } from './peer-cache.ts'

/** Stands in for bzip2: keeps one byte in a hundred, enough to tell that it was asked. */
const packer: Bzip2 = {
  compress: (plain) => {
    const out = new Uint8Array(8)
    new DataView(out.buffer).setUint32(0, 0x42_5a_68_39)
    new DataView(out.buffer).setUint32(4, plain.byteLength)
    return out
  },
  decompress: (packed, plainBytesMax) => {
    if (packed.byteLength < 8) throw new Error('no bzip2 data')
    const size = new DataView(packed.buffer, packed.byteOffset).getUint32(4)
    if (size > plainBytesMax) throw new Error('no room')
    const out = new Uint8Array(size).fill(0x61)
    out[size - 1] = 0
    return out
  },
}

const message = {
  id: 7,
  hostName: '',
  hostType: 3,
  senderPid: 28,
  senderName: 'n2',
  senderType: 3,
  xml: '<ping t="cib" cib_op="ping"/>',
}

describe('cluster messages', () => {
  it('have the size and the fields of a captured one', () => {
    const bytes = encodeCpgMessage({ ...message, xml: 'x'.repeat(377) }, packer)
    const view = new DataView(bytes.buffer)
    expect(bytes.byteLength).toBe(970)
    expect([view.getInt32(8, true), view.getInt32(16, true), view.getUint32(24, true)]).toEqual([970, 1, 7])
    expect([view.getInt32(44, true), view.getUint32(312, true), view.getUint32(324, true)]).toEqual([3, 28, 2])
    expect([view.getUint32(584, true), view.getUint32(588, true), bytes.at(-1)]).toEqual([378, 0, 0])
  })

  it('come back as they were sent', () => {
    expect(decodeCpgMessage(encodeCpgMessage(message, packer), packer)).toEqual({ ...message, hostId: 0 })
  })

  it('are compressed from the limit on, NUL counted, and not a byte before', () => {
    const at = encodeCpgMessage({ ...message, xml: 'a'.repeat(compressFromBytes - 1) }, packer)
    const below = encodeCpgMessage({ ...message, xml: 'a'.repeat(compressFromBytes - 2) }, packer)
    expect([at.byteLength, below.byteLength]).toEqual([600, 592 + compressFromBytes - 1])
    expect(decodeCpgMessage(at, packer).xml).toBe('a'.repeat(compressFromBytes - 1))
  })

  it('are refused when a size or a name is beyond what arrived', () => {
    const short = encodeCpgMessage(message, packer).slice(0, -1)
    expect(() => decodeCpgMessage(short, packer)).toThrow(/30 bytes announced, 29 arrived/)
    const named = encodeCpgMessage(message, packer)
    new DataView(named.buffer).setUint32(324, nodeNameBytesMax, true)
    expect(() => decodeCpgMessage(named, packer)).toThrow(/node name of 256 bytes/)
    expect(() => encodeCpgMessage({ ...message, senderName: 'n'.repeat(256) }, packer)).toThrow(/fit their field/)
  })

  it('end in a message or a refusal, whatever arrives', () => {
    const good = encodeCpgMessage(message, packer)
    const holes = fc.array(fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)), { maxLength: 12 })
    fc.assert(
      fc.property(holes, fc.nat(good.byteLength), (changes, length) => {
        const bytes = good.slice(0, length)
        for (const [at, value] of changes) if (at < length) bytes[at] = value
        for (const read of [decodeCpgMessage, decodeIpcFrame]) {
          try {
            read(bytes, packer)
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('local frames', () => {
  it('come back as they were sent', () => {
    const frame = { id: 5, flags: ipcFlags.clientResponse, xml: '<a/>' }
    const bytes = encodeIpcFrame(frame, 131_072, packer)
    expect(bytes?.byteLength).toBe(45)
    expect(bytes && decodeIpcFrame(bytes, packer)).toEqual(frame)
  })

  it('are compressed when there is no room for the plain text, and refused when there is none at all', () => {
    const frame = { id: 5, flags: 0, xml: 'a'.repeat(200) }
    const bytes = encodeIpcFrame(frame, 200, packer)
    expect(bytes?.byteLength).toBe(48)
    expect(bytes && decodeIpcFrame(bytes, packer)).toEqual({ ...frame, flags: ipcFlags.compressed })
    expect(encodeIpcFrame(frame, 48, packer)).toBeUndefined()
  })

  it('that are too large for any buffer are refused', () => {
    expect(encodeIpcFrame({ id: 1, flags: 0, xml: 'a'.repeat(ipcXmlBytesMax) }, 2 ** 31, packer)).toBeUndefined()
  })

  it('of another version are refused', () => {
    const bytes = encodeIpcFrame({ id: 1, flags: 0, xml: '<a/>' }, 1000, packer) as Uint8Array
    bytes[36] = 2
    expect(() => decodeIpcFrame(bytes, packer)).toThrow(/IPC version 2, expected 1/)
  })
})

describe('the peer cache', () => {
  const [one, two, ten] = [nodeId(1), nodeId(2), nodeId(10)]

  it('sorts by name with numbers as numbers, whatever order nodes came in', () => {
    const cache = new PeerCache()
    cache.setMembers([ten, one, two])
    cache.learn(ten, 'n10')
    cache.learn(two, 'n2')
    expect(cache.all().map((peer) => peer.name ?? peer.nodeId)).toEqual(['n2', 'n10', 1])
  })

  it('lets the newest claim to a name or an id win', () => {
    const cache = new PeerCache()
    cache.learn(one, 'a')
    cache.learn(two, 'a')
    expect([cache.byName('A')?.nodeId, cache.byId(1)?.name]).toEqual([2, undefined])
    cache.learn(two, 'b')
    expect([cache.byName('a'), cache.byName('b')?.nodeId]).toEqual([undefined, 2])
  })

  it('keeps a node in a group while one of its processes is there, and forgets only lost nodes', () => {
    const cache = new PeerCache()
    cache.setMembers([one])
    cache.learn(one, 'a')
    expect(cache.setProcess('crmd', one, 100, true)?.hasController).toBe(true)
    expect(cache.setProcess('crmd', one, 101, true)).toBeUndefined()
    expect(cache.setProcess('crmd', one, 100, false)).toBeUndefined()
    expect(cache.setProcess('crmd', one, 101, false)?.hasController).toBe(false)
    expect(cache.purge({ name: 'a' })).toEqual([])
    expect(cache.setMembers([]).map((peer) => peer.isMember)).toEqual([false])
    expect(cache.purge({ name: 'A' }).map((peer) => peer.nodeId)).toEqual([1])
  })
})

describe('the way of a controller message', () => {
  const facts = { localName: 'n1', isDc: false, dc: 'n2' }
  const to = (attributes: Record<string, string>, origin: 'local' | 'peer' = 'local') =>
    routeCrmMessage(element('m', attributes), facts, origin)

  it('leads to the DC, a named node, a client of this node, or everybody', () => {
    expect(to({ crm_sys_to: 'dc' })).toEqual({ to: 'node', name: 'n2' })
    expect(to({ crm_sys_to: 'crmd', crm_host_to: 'n3' })).toEqual({ to: 'node', name: 'n3' })
    expect(to({ crm_sys_to: 'crmd', crm_host_to: 'n1' })).toEqual({ to: 'here' })
    expect(to({ crm_sys_to: 'crmd', crm_host_to: 'N1' }, 'peer')).toEqual({ to: 'here' })
    expect(to({ crm_sys_to: 'crmd' })).toEqual({ to: 'everybody' })
    expect(to({ crm_sys_to: 'f2-uuid', crm_host_to: 'n1' }, 'peer')).toEqual({ to: 'client', clientId: 'f2-uuid' })
  })

  it('never leads out again for what came from a peer', () => {
    expect(to({ crm_sys_to: 'crmd', crm_host_to: 'n3' }, 'peer')).toEqual({ to: 'nobody' })
    expect(to({ crm_sys_to: 'crmd' }, 'peer')).toEqual({ to: 'here' })
  })
})
