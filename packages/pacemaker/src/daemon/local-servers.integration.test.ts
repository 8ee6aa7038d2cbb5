import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { nodeId } from '@quorate/base'
import { attr, element, withAttributes, type XmlElement } from '@quorate/xml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AttributeService } from '../attributes/attribute-service.ts'
import type { CibService } from '../cib-manager/cib-service.ts'
import {
  AttrdClient,
  CibClient,
  CibFollower,
  ControllerClient,
  callOptions,
  DaemonChannel,
  FencerClient,
  pingPacemakerd,
  quitPacemakerd,
} from '../client/index.ts'
import { FencerService } from '../fencer/fencer-service.ts'
import { crmReply } from '../messages/crm-message.ts'
import type { Peer, PeerGroup, PeerHandlers, PeerMessenger, PeerTarget } from '../messages/peer-messenger.ts'
import { openCibIn } from './cib-files.ts'
import { fenceAgentsIn } from './fence-agent.ts'
import { LocalServers } from './local-servers.ts'
import { processHost } from './process-host.ts'

/** The cluster of one node: what it sends comes back to it, in order. */
class Alone implements PeerMessenger {
  readonly localName = 'n1'
  readonly localNodeId = nodeId(1)
  readonly #groups = new Map<PeerGroup, PeerHandlers>()

  peers(): readonly Peer[] {
    const isIn = (group: PeerGroup): boolean => this.#groups.has(group)
    return [
      {
        nodeId: this.localNodeId,
        name: 'n1',
        isMember: true,
        hasController: isIn('crmd'),
        hasCib: isIn('cib'),
        hasAttrd: isIn('attrd'),
        hasFencer: false,
      },
      {
        nodeId: nodeId(10),
        name: 'n10',
        isMember: false,
        hasController: false,
        hasCib: false,
        hasAttrd: false,
        hasFencer: false,
      },
    ]
  }
  peerByName = (name: string): Peer | undefined => this.peers().find((peer) => peer.name === name)
  peerById = (id: number): Peer | undefined => this.peers().find((peer) => peer.nodeId === id)
  view = () => ({ isQuorate: true, ringSeq: 1n, members: [this.localNodeId] })
  purge(): void {}
  async join(group: PeerGroup, handlers: PeerHandlers): Promise<void> {
    this.#groups.set(group, handlers)
    queueMicrotask(() => handlers.changed(this.#self(), true))
  }
  async leave(group: PeerGroup): Promise<void> {
    this.#groups.delete(group)
  }
  send(group: PeerGroup, xml: XmlElement, target: PeerTarget = {}): void {
    if (target.to !== undefined && target.to !== 'n1') return
    if (JSON.stringify(xml).includes('too large for the ring')) {
      target.failed?.(new Error('too large'))
      return
    }
    setImmediate(() => {
      const message = { group, from: this.#self(), fromType: 0, toType: 0, isAddressed: false, isOwn: true, xml }
      this.#groups.get(group)?.message(message)
    })
  }
  onView = () => () => undefined
  onLost = () => () => undefined
  config = async () => undefined
  configuredNodes = () => [{ nodeId: this.localNodeId, name: 'n1' }]
  async close(): Promise<void> {}

  #self(): Peer {
    const [self] = this.peers()
    if (self === undefined) throw new Error('a node knows itself')
    return self
  }
}

let root = ''
let hasQuit = false
let stop: () => Promise<void> = async () => undefined
let cib: CibService

beforeAll(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'servers-'))
  process.env['QUORATE_ROOT'] = root
  const messenger = new Alone()
  const log = (): void => undefined
  const servers = new LocalServers(log)
  servers.servePacemakerd({
    state: 'running',
    quit: () => {
      hasQuit = true
    },
  })
  cib = await openCibIn({ folder: path.join(root, 'cib'), owner: undefined }, { messenger, log })
  const attributes = await AttributeService.open({ messenger, cib, host: processHost, alert: () => undefined, log })
  servers.serveCib(cib, 'n1')
  servers.serveAttributes(attributes)
  const fencer = await FencerService.open({ messenger, cib, host: processHost, log, agents: fenceAgentsIn([]) })
  servers.serveFencer(fencer)
  servers.serveController(
    {
      state: 'S_IDLE',
      dc: 'n1',
      isDc: true,
      receive: (message) => {
        const payload = element('ping_response', { crm_subsystem: 'crmd', crmd_state: 'S_IDLE', result: 'ok' })
        const reply = crmReply(message, 'dc', 'n1', payload)
        servers.sendToClient(attr(reply, 'crm_sys_to') ?? '', reply)
      },
    },
    messenger,
  )
  stop = async () => {
    await fencer.close()
    await attributes.close()
    await cib.close()
    await servers.close()
  }
})

afterAll(async () => {
  await stop()
  delete process.env['QUORATE_ROOT']
  fs.rmSync(root, { recursive: true, force: true })
})

const resource = (id: string): XmlElement =>
  element('primitive', { id, class: 'ocf', provider: 'quorate', type: 'dummy' })

describe('clients of this node', () => {
  it('change the CIB, and are answered when it is on disk', async () => {
    const client = await CibClient.connect({ name: 'test' })
    const call = { op: 'cib_create', section: 'resources', data: resource('a') }
    expect((await client.call(call)).rc).toBe(0)
    expect(fs.readFileSync(path.join(root, 'cib/cib.xml'), 'utf8')).toContain('<primitive id="a"')
    expect((await client.call(call)).rc).toBe(-17)
    const { data } = await client.query()
    expect([data && attr(data, 'update-client'), data && attr(data, 'update-origin')]).toEqual(['test', 'n1'])
    expect(
      (await client.call({ op: 'cib_query', section: '//primitive', options: callOptions.xpath })).data?.name,
    ).toBe('primitive')
    client.close()
  })

  it('follow changes that others make', async () => {
    const [watcher, changer] = [await CibClient.connect({ name: 'watch' }), await CibClient.connect({ name: 'change' })]
    let seen: (cib: XmlElement) => void = () => undefined
    const changed = new Promise<XmlElement>((resolve) => {
      seen = resolve
    })
    await CibFollower.start(watcher, (now) => seen(now))
    expect((await changer.call({ op: 'cib_create', section: 'resources', data: resource('b') })).rc).toBe(0)
    expect(await changed).toEqual(cib.cib)
    watcher.close()
    changer.close()
  })

  it('may only read through the end point for that', async () => {
    const client = await CibClient.connect({ name: 'test', access: 'ro' })
    expect([(await client.query()).rc, (await client.call({ op: 'cib_bump' })).rc]).toEqual([0, -13])
    client.close()
  })

  it('hear an answer to what nobody knows, and to what is no XML', async () => {
    const channel = await DaemonChannel.open({ service: 'cib_rw' })
    const unknown = element('cib_command', { t: 'cib', cib_op: 'cib_dance', cib_callid: '2', cib_callopt: '4096' })
    expect(attr(await channel.call(unknown), 'cib_rc')).toBe('-22')
    const odd = element('cib-callback', { cib_op: 'cib_notify', cib_notify_type: 'weather', cib_notify_activate: '1' })
    expect(attr(await channel.call(odd), 'status')).toBe('2')
    expect(attr(await channel.call(element('nonsense')), 'status')).toBe('112')
    channel.close()
  })

  it('send and get more than a connection carries plain', async () => {
    const client = await CibClient.connect({ name: 'test' })
    const described = (i: number): XmlElement =>
      withAttributes(resource(`many-${i}`), { description: 'x'.repeat(6000) })
    const many = element(
      'resources',
      {},
      Array.from({ length: 100 }, (_, i) => described(i)),
    )
    expect((await client.call({ op: 'cib_create', section: 'resources', data: many })).rc).toBe(0)
    expect((await client.query('resources')).data?.children.length).toBe(102)
    client.close()
  })

  it('hear that a change is too large for the ring', async () => {
    const client = await CibClient.connect({ name: 'test' })
    const data = withAttributes(resource('large'), { description: 'too large for the ring' })
    expect((await client.call({ op: 'cib_create', section: 'resources', data })).rc).toBe(-90)
    client.close()
  })

  it('set and read attributes, which reach the CIB', async () => {
    const client = await AttrdClient.connect('test')
    const stored = new Promise<void>((resolve) => {
      const off = cib.onChange(({ after }) => {
        if (!JSON.stringify(after).includes('status-1-foo')) return
        off()
        resolve()
      })
    })
    await client.update({ name: 'foo', value: '7' })
    await stored
    expect(await client.query('foo')).toEqual([{ node: 'n1', value: '7' }])
    expect(await client.query('bar')).toEqual([])
    client.close()
  })

  it('ask the controller, which lists nodes by name', async () => {
    const client = await ControllerClient.connect('test')
    expect(await client.listNodes()).toEqual([
      { id: '1', name: 'n1', state: 'member' },
      { id: '10', name: 'n10', state: 'lost' },
    ])
    expect((await client.nodeInfo()).name).toBe('n1')
    expect(await client.ping()).toEqual({ node: 'n1', state: 'S_IDLE', result: 'ok' })
    client.close()
  })

  it('ask for fencing, of which there is none, and for the daemon, which may be told to stop', async () => {
    const fencer = await FencerClient.connect({ name: 'test' })
    expect((await fencer.history()).records).toEqual([])
    fencer.close()
    expect((await pingPacemakerd('test')).state).toBe('running')
    expect(await quitPacemakerd('test')).toBe(0)
    expect(hasQuit).toBe(true)
  })

  it('are forgotten when they go away while an answer is due', async () => {
    const channel = await DaemonChannel.open({ service: 'cib_rw' })
    const bump = element('cib_command', { t: 'cib', cib_op: 'cib_bump', cib_callid: '2', cib_callopt: '4096' })
    const lost = channel.call(bump).catch((error: unknown) => (error instanceof Error ? error.name : ''))
    channel.close()
    expect(await lost).toBe('IpcError')
    const client = await CibClient.connect({ name: 'test' })
    expect((await client.query('nodes')).rc).toBe(0)
    client.close()
  })
})
