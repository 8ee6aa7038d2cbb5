import { DecodeError, monoMs, Prng } from '@quorate/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMessaging } from '../messaging/step.ts'
import { Authentication } from '../wire/authentication.ts'
import { fieldOf, type Message, text } from '../wire/message.ts'
import { ClientDesk, type DeskEffect } from './client-desk.ts'
import { ClientFrameReader, clientFrame, clientText, readClientText } from './client-frame.ts'

const authentication = new Authentication({ current: 1, keys: new Map([[1, { method: 'crc', key: '' }]]) }, () => '')
const peer = { pid: 77, uid: 102, gid: 105 }

function open(admits = true): ClientDesk {
  const node = createMessaging(
    {
      self: 'a',
      uuid: 'a'.padEnd(16, '.'),
      generation: 1,
      nodes: ['a', 'b'],
      hosts: [],
      autojoin: 'none',
      links: ['eth0', 'eth1'],
      keepaliveMs: 250,
      deadtimeMs: 2000,
      warntimeMs: 1000,
      initdeadMs: 4000,
      hopFudge: 1,
      rexmitDelayMsMax: 250,
      format: 'netstring',
      authentication,
      epochSeconds: 0,
      chance: new Prng(1n),
    },
    monoMs(0),
  )
  const desk = new ClientDesk(
    {
      self: 'a',
      keepaliveMs: 250,
      deadtimeMs: 2000,
      version: '3',
      pacemaker: 'no',
      parameters: new Map([['deadtime', '2']]),
      links: ['eth0', 'eth1'],
      nodes: () => node.nodes,
      find: (name) => node.find(name),
    },
    () => admits,
  )
  for (const client of [1, 2, 3]) desk.onConnect(client, peer)
  return desk
}

const request = (type: string, ...more: Message): Message => [text('t', 'hbapi-req'), text('reqtype', type), ...more]
const signOn = (name: string): Message => request('signon', text('from_id', name))
const lines = (effects: readonly DeskEffect[]): readonly string[] =>
  effects.map((effect) => {
    const fields =
      'message' in effect
        ? effect.message
            .filter(({ name }) => !['t', 'reqtype'].includes(name))
            .map(({ name, value }) => `${name}=${value}`)
            .join(' ')
        : ''
    return `${effect.do}${'client' in effect ? ` ${effect.client}` : ''} ${fields}`.trim()
  })

describe('the desk', () => {
  it('answers as the C daemon does', () => {
    const desk = open()
    desk.onMessage(1, signOn('77'))
    const ask = (type: string, ...more: Message): readonly string[] => lines(desk.onMessage(1, request(type, ...more)))
    expect(ask('nodelist')).toEqual([
      'reply 1 node=a nodetype=normal st=init result=ok/more',
      'reply 1 node=b nodetype=normal st=init result=OK',
    ])
    expect(ask('iflist', text('node', 'b'))).toEqual([
      'reply 1 ifname=eth0 st=dead result=ok/more',
      'reply 1 ifname=eth1 st=dead result=OK',
    ])
    expect(ask('iflist', text('node', 'x'))).toEqual(['reply 1 result=badreq info=EINVAL'])
    expect(ask('nodestatus', text('node', 'b'))).toEqual(['reply 1 st=init result=OK'])
    expect(ask('nodestatus', text('node', 'x'))).toEqual(['reply 1 result=badreq info=EINVAL'])
    expect(ask('ifstatus', text('node', 'b'), text('ifname', 'eth1'))).toEqual(['reply 1 st=dead result=OK'])
    expect(ask('numnodes')).toEqual(['reply 1 numnodes=2 result=OK'])
    expect(ask('getparm', text('pname', 'deadtime'))).toEqual(['reply 1 pvalue=2 result=OK'])
    expect(ask('getparm', text('pname', 'constructor'))).toEqual(['reply 1 result=OK'])
    expect(ask('getuuid', text('queryname', 'a'))).toEqual([`reply 1 queryuuid=${'a'.padEnd(16, '.')} result=OK`])
    expect(ask('getname', text('queryuuid', 'a'.padEnd(16, '.')))).toEqual(['reply 1 queryname=a result=OK'])
    expect(ask('bogus')).toEqual(['reply 1 result=badreq'])
    expect(ask('set_sendqlen')).toEqual([])
    expect(ask('signoff')).toEqual(['close 1'])
  })

  it('answers nobody who has not signed on, and lets nobody in who may not', () => {
    expect(lines(open().onMessage(1, request('nodelist')))).toEqual(['log'])
    expect(lines(open().onMessage(1, [text('t', 'x')]))).toEqual(['log', 'close 1'])
    const about = 'deadtime=7d0 keepalive=fa node=a hbversion=3 pacemaker=no logfacility=-1'
    expect(lines(open(false).onMessage(1, signOn('77')))).toEqual([
      `reply 1 info=incorrect/false credentials result=badreq ${about}`,
      'log',
      'close 1',
    ])
    expect(lines(open().onMessage(1, signOn('78')))[0]).toMatch(/incorrect\/false credentials/)
    expect(lines(open().onMessage(1, signOn('77')))).toEqual([`reply 1 result=OK ${about}`])
  })

  it('tells the cluster of clients by name, each name once at a time', () => {
    const desk = open()
    expect(lines(desk.onMessage(1, signOn('ccm')))[0]).toBe(
      'broadcast st=join from_id=ccm to_id=ccm info=signon client_gen=0',
    )
    expect(lines(desk.onMessage(2, signOn('ccm')))[0]).toMatch(/the name is taken/)
    expect(lines(desk.onGone(1))).toEqual(['broadcast st=leave from_id=ccm to_id=ccm info=EOF client_gen=0'])
    expect(lines(desk.onMessage(3, signOn('ccm')))[0]).toMatch(/client_gen=1$/)
    expect(desk.names).toEqual(['ccm'])
  })

  it('puts the name of the sender on what clients send, and sends nothing that is not theirs to send', () => {
    const desk = open()
    desk.onMessage(1, signOn('ccm'))
    const said = desk.onMessage(1, [text('t', 'CCM_TYPE_JOIN'), text('from_id', 'cib'), text('x', 'y')])
    expect(lines(said)).toEqual(['broadcast x=y from_id=ccm to_id=ccm client_gen=0'])
    for (const type of ['status', 'NS_ackmsg', 'shutdone', 'hbapi-clstat']) {
      expect(lines(desk.onMessage(1, [text('t', type)]))).toEqual(['log'])
    }
  })

  it('gives messages to those whom they name, or to all', () => {
    const desk = open()
    desk.onMessage(1, signOn('ccm'))
    desk.onMessage(2, signOn('cib'))
    desk.onMessage(3, signOn('77'))
    expect(lines(desk.onDeliver([text('t', 'm'), text('to_id', 'cib')]))).toEqual(['reply 2 to_id=cib'])
    expect(lines(desk.onDeliver([text('t', 'resource')]))).toEqual(['reply 1', 'reply 2'])
    expect(lines(desk.onDeliver([text('t', 'status')]))).toEqual([])
    expect(lines(desk.onNodeStatus('b', 'dead', 255))).toEqual([
      'reply 1 seq=1 ts=ff src=b st=dead',
      'reply 2 seq=1 ts=ff src=b st=dead',
    ])
    expect(lines(desk.onLinkStatus('b', 'eth0', 'up'))[0]).toBe('reply 1 node=b ifname=eth0 st=up')
  })

  it('asks another node for its clients, and answers when that is asked', () => {
    const desk = open()
    desk.onMessage(1, signOn('77'))
    desk.onMessage(2, signOn('ccm'))
    const status = (node: string, name: string): readonly string[] =>
      lines(desk.onMessage(1, request('clientstatus', text('node', node), text('cn', name))))
    expect(status('a', 'ccm')).toEqual(['reply 1 subt=respond-cstatus cs=online result=OK'])
    expect(status('a', 'cib')).toEqual(['reply 1 subt=respond-cstatus cs=offline result=OK'])
    expect(status('x', 'ccm')).toEqual([])
    expect(status('b', 'ccm')).toEqual(['broadcast dest=b cn=ccm from_id=77'])
    const answer = [text('t', 'respond-cstatus'), text('src', 'b'), text('cn', 'ccm'), text('cs', 'online')]
    expect(lines(desk.onDeliver(answer))).toEqual(['reply 1 subt=respond-cstatus cs=online result=OK'])
    expect(lines(desk.onDeliver(answer))).toEqual([])
    const query = [text('t', 'query-cstatus'), text('src', 'b'), text('cn', 'ccm'), text('from_id', '9')]
    expect(lines(desk.onDeliver(query))).toEqual(['broadcast dest=b result=OK cn=ccm to_id=9 cs=online'])
    status('b', 'ccm')
    expect(lines(desk.onNodeStatus('b', 'dead', 1))[0]).toBe('reply 1 subt=respond-cstatus cs=offline result=OK')
  })
})

describe('frames of clients', () => {
  it('come out of a stream however it is cut', () => {
    const message = [text('t', 'x'), text('a', 'b')]
    const whole = Buffer.concat([1, 2, 3].map(() => clientFrame(clientText(message))))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }), (sizes) => {
        const reader = new ClientFrameReader()
        const bodies: Uint8Array[] = []
        let at = 0
        for (const size of [...sizes, whole.byteLength]) {
          bodies.push(...reader.take(new Uint8Array(whole.subarray(at, at + size))))
          at += size
        }
        expect(bodies.map((body) => fieldOf(readClientText(body), 'a'))).toEqual(['b', 'b', 'b'])
      }),
    )
  })

  it('are refused where they are none or too long', () => {
    expect(() => new ClientFrameReader().take(Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0))).toThrow(DecodeError)
    expect(() => new ClientFrameReader().take(Uint8Array.of(0, 0, 0, 9, 0xcd, 0xab, 0, 0))).toThrow(/at most 262144/)
  })
})
