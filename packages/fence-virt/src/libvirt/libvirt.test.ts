import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { domainSockets } from './domain-sockets.ts'
import { encodeRpc, readDomain, readRpcError, takeRpc, uuidBytes, uuidText, writeDomain } from './rpc-message.ts'
import { parseLibvirtUri } from './uri.ts'
import { XdrReader, XdrWriter } from './xdr.ts'

const directories = { system: '/run/libvirt', session: '/run/user/0/libvirt' }

/** Text without NULs, which end it. */
const words = fc.stringMatching(/^[a-zä-ü €]*$/)

describe('XDR', () => {
  it('pads to four bytes and comes back', () => {
    fc.assert(
      fc.property(words, fc.integer(), fc.option(words, { nil: undefined }), (text, number, perhaps) => {
        const bytes = new XdrWriter().text(text).int(number).optional(perhaps).bytes()
        const reader = new XdrReader(bytes)
        const back = [reader.text(), reader.int(), reader.optional()]
        expect(bytes.byteLength % 4).toBe(0)
        expect(back[1]).toBe(number | 0)
        expect(back[0]).toBe(text)
        expect(back[2]).toBe(perhaps)
      }),
    )
  })

  it('takes texts of any length', () => {
    for (const size of [0, 1, 251, 252, 253, 256, 70_001]) {
      const text = 'y'.repeat(size)
      const bytes = new XdrWriter().int(-2).text(text).text(text).int(7).bytes()
      const reader = new XdrReader(bytes)
      expect([reader.int(), reader.text() === text, reader.text() === text, reader.int()]).toEqual([-2, true, true, 7])
      expect(bytes.byteLength).toBe(16 + 2 * (size + ((4 - (size % 4)) % 4)))
    }
  })

  it('refuses lengths beyond what is there, before using them', () => {
    expect(() => new XdrReader(Uint8Array.of(0, 0, 0, 9, 65)).text()).toThrow('need 12 bytes')
    expect(() => new XdrReader(Uint8Array.of(0x7f, 255, 255, 255)).text()).toThrow('limit')
  })
})

describe('messages of the RPC', () => {
  const message = { program: 0x20008086, procedure: 12, type: 0, serial: 3, status: 0, body: Uint8Array.of(1, 2, 3, 4) }

  it('come back however they are cut', () => {
    const two = Buffer.concat([encodeRpc(message), encodeRpc({ ...message, serial: 4 })])
    for (let cut = 0; cut <= two.byteLength; cut += 1) {
      const first = takeRpc(two.subarray(0, cut))
      const second = takeRpc(Buffer.concat([first.rest, two.subarray(cut)]))
      const serials = [...first.messages, ...second.messages].map(({ serial }) => serial)
      expect(serials).toEqual([3, 4])
    }
  })

  it('with impossible lengths are refused', () => {
    expect(() => takeRpc(Uint8Array.of(0, 0, 0, 5, 1))).toThrow('must be in')
    expect(() => takeRpc(Uint8Array.of(255, 0, 0, 5, 1))).toThrow('must be in')
  })

  it('carry domains and errors', () => {
    const domain = { name: 'vm', uuid: uuidBytes('11111111-aaaa-4aaa-8aaa-000000000001'), id: -1 }
    const back = readDomain(new XdrReader(writeDomain(new XdrWriter(), domain).bytes()))
    expect({ ...back, uuid: uuidText(back.uuid) }).toEqual({ ...domain, uuid: '11111111-aaaa-4aaa-8aaa-000000000001' })
    const error = new XdrWriter().int(42).int(0).optional('Domain not found').bytes()
    expect(readRpcError(error)).toEqual({ code: 42, message: 'Domain not found' })
  })
})

describe('URIs', () => {
  const parse = (uri: string) => parseLibvirtUri(uri, directories)

  it('lead to the sockets of daemons', () => {
    expect(parse('qemu:///system')).toEqual({
      ok: true,
      value: {
        transport: 'unix',
        paths: ['/run/libvirt/virtqemud-sock', '/run/libvirt/libvirt-sock'],
        open: 'qemu:///system',
      },
    })
    expect(parse('qemu:///session')).toMatchObject({
      value: { paths: [expect.stringContaining('/run/user/0/'), expect.anything()] },
    })
    expect(parse('test+unix:///default?socket=/x/s&a=b')).toEqual({
      ok: true,
      value: { transport: 'unix', paths: ['/x/s'], open: 'test:///default?a=b' },
    })
    expect(parse('qemu+tcp://[fd00::1]:99/system')).toMatchObject({
      value: { transport: 'tcp', host: 'fd00::1', port: 99, open: 'qemu:///system' },
    })
  })

  it('that need the client library are told apart from nonsense', () => {
    expect(parse('test:///default')).toMatchObject({ value: { transport: 'library' } })
    expect(parse('qemu+ssh://host/system')).toMatchObject({ value: { transport: 'library' } })
    expect(parse('nonsense').ok).toBe(false)
    expect(parse('qemu+tcp:///system').ok).toBe(false)
    expect(parse('qemu:///system?socket=%zz').ok).toBe(false)
    fc.assert(fc.property(fc.string(), (uri) => void parse(uri)))
  })
})

describe('sockets of a domain', () => {
  const xml = `<domain><devices>
<serial type='unix'><source mode='bind' path='/g/a.serial'/></serial>
<serial type='pty'><source path='/dev/pts/1'/></serial>
<serial type='unix'><source mode='connect' path='/g/b'/></serial>
<serial type='unix'><source mode='bind' path='/h/c &amp; d'/></serial>
<channel type='unix'><source mode='bind' path='/g/a.channel'/></channel></devices></domain>`

  it('are those that the guest listens on, in the directory that was asked for', () => {
    expect(domainSockets(xml, 'serial', undefined)).toEqual(['/g/a.serial', '/h/c & d'])
    expect(domainSockets(xml, 'serial', '/g/')).toEqual(['/g/a.serial'])
    expect(domainSockets(xml, 'vmchannel', '/g')).toEqual(['/g/a.channel'])
    expect(domainSockets(xml, 'vmchannel', '/')).toEqual([])
    expect(domainSockets('nonsense', 'serial', undefined)).toEqual([])
  })
})
