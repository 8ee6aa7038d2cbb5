import { compareNodeNames, DecodeError, type NodeId, nodeId } from '@quorate/base'
import type { CmapClient, CpgClient, CpgHandlers, CpgMember, QuorumView, Ring } from '@quorate/corosync/client'
import { parseXml, writeXml, type XmlElement } from '@quorate/xml'
import type { DaemonHost } from '../daemon-host.ts'
import type { Bzip2 } from './bzip2.ts'
import { decodeCpgMessage, encodeCpgMessage } from './cpg-message.ts'
import { PeerCache } from './peer-cache.ts'
import {
  type ClusterView,
  type Peer,
  type PeerGroup,
  type PeerHandlers,
  type PeerMessage,
  type PeerMessenger,
  type PeerTarget,
  peerTypes,
} from './peer-messenger.ts'
import { RingBarrier } from './ring-barrier.ts'

/** What a cluster connection is made of. */
export type ClusterConnectionOptions = {
  readonly ring: Ring
  readonly bzip2: Bzip2
  /** One line of trouble: messages that could not be read and the like. */
  readonly log: (line: string) => void
  /** Its process id stands in message heads; the group's own member entry tells it anyway. */
  readonly host: Pick<DaemonHost, 'pid' | 'monoMs' | 'after'>
  /** Name of this machine, which is the node's where corosync's list of nodes has none for it. */
  readonly hostName: string
  /** Whether a text is an IP address, which is no name for a node. */
  readonly isAddress: (text: string) => boolean
}

/** Messages that cannot be read are told once in this time for each sender. */
const refusalLogIntervalMs = 1000

/** Time that the quorum service has to tell of a ring that the groups know already; both are one local program. */
const quorumSilenceMs = 30_000

type Joined = {
  readonly client: CpgClient
  readonly handlers: PeerHandlers
  /** Tail of the chain of sends: one at a time, so that order is kept through flow control. */
  sending: Promise<void>
  sent: number
  isReady: boolean
  readonly early: (() => void)[]
  readonly barrier: RingBarrier
  /** Runs while the barrier holds. */
  silence: (() => void) | undefined
}

/** Name length of a group on the wire counts its NUL (protocols/pacemaker-cluster.md 1). */
function groupName(group: PeerGroup): string {
  return `${group}\0`
}

/**
 * This node's connection to the cluster over a ring: membership from the quorum service, one closed group per daemon
 * that Pacemaker has, names from corosync's node list and from what peers say of themselves.
 */
export async function connectCluster(options: ClusterConnectionOptions): Promise<PeerMessenger> {
  const connection = new ClusterConnection(options)
  await connection.open()
  return connection
}

class ClusterConnection implements PeerMessenger {
  readonly #options: ClusterConnectionOptions
  readonly #cache = new PeerCache()
  readonly #groups = new Map<PeerGroup, Joined>()
  readonly #viewListeners = new Set<(view: ClusterView) => void>()
  readonly #lostListeners = new Set<(error: Error) => void>()
  readonly #closers: (() => void)[] = []
  readonly #refused = new Map<NodeId, { count: number; toldAtMs: number }>()
  #cmap: CmapClient | undefined
  #configured: readonly { readonly nodeId: NodeId; readonly name: string }[] = []
  #view: ClusterView = { isQuorate: false, ringSeq: 0n, members: [] }
  #localName = ''
  #localNodeId: NodeId | undefined
  #isClosed = false

  constructor(options: ClusterConnectionOptions) {
    this.#options = options
  }

  get localName(): string {
    return this.#localName
  }

  get localNodeId(): NodeId {
    if (this.#localNodeId === undefined) throw new Error('the cluster connection is not open yet')
    return this.#localNodeId
  }

  async open(): Promise<void> {
    const { ring } = this.#options
    const lost = (error: Error): void => this.#lose(error)
    this.#cmap = await ring.cmap(lost)
    this.#closers.push(() => this.#cmap?.close())
    this.#configured = await readNodeList(this.#cmap, this.#options.isAddress)
    const cfg = await ring.cfg({ testShutdown: async () => false, onClose: lost })
    this.#localNodeId = cfg.localNodeId
    this.#closers.push(() => cfg.close())
    for (const node of this.#configured) this.#cache.learn(node.nodeId, node.name)
    const own = this.#configured.find((node) => node.nodeId === cfg.localNodeId)
    this.#localName = own?.name ?? this.#options.hostName
    this.#cache.learn(cfg.localNodeId, this.#localName)
    await this.#track(ring, lost)
  }

  async #track(ring: Ring, lost: (error: Error) => void): Promise<void> {
    let first: () => void = () => undefined
    const seen = new Promise<void>((resolve) => {
      first = resolve
    })
    const quorum = await ring.quorum({
      changed: (view: QuorumView) => {
        this.#viewChanged(view)
        first()
      },
      onClose: lost,
    })
    this.#closers.push(() => quorum.close())
    await seen
  }

  peers(): readonly Peer[] {
    return this.#cache.all()
  }

  peerByName(name: string): Peer | undefined {
    return this.#cache.byName(name)
  }

  peerById(id: NodeId): Peer | undefined {
    return this.#cache.byId(id)
  }

  view(): ClusterView {
    return this.#view
  }

  purge(who: { readonly nodeId?: number | undefined; readonly name?: string | undefined }): void {
    this.#cache.purge(who)
  }

  configuredNodes(): readonly { readonly nodeId: NodeId; readonly name: string }[] {
    return this.#configured
  }

  async config(key: string): Promise<string | undefined> {
    const value = await this.#cmap?.get(key)
    if (value === undefined) return undefined
    return value.type === 'binary' ? undefined : String(value.value)
  }

  async join(group: PeerGroup, handlers: PeerHandlers): Promise<void> {
    let joined: Joined | undefined
    const later = (event: () => void): void => {
      if (joined?.isReady) event()
      else joined?.early.push(event)
    }
    const cpg: CpgHandlers = {
      deliver: (from, message) => later(() => this.#pass(group, () => this.#deliver(group, from, message))),
      confchg: (change) => {
        const apply = (): void => {
          for (const left of change.left) this.#process(group, left.nodeId, left.pid, false)
          for (const member of change.members) this.#process(group, member.nodeId, member.pid, true)
        }
        const isOfRing = [...change.left, ...change.joined].some(
          ({ reason }) => reason === 'nodedown' || reason === 'nodeup',
        )
        later(() => this.#pass(group, apply, isOfRing))
      },
      ring: (seq) => later(() => this.#ringNamed(group, seq)),
      onClose: (error) => this.#lose(error),
    }
    const client = await this.#options.ring.cpg(cpg)
    const barrier = new RingBarrier()
    joined = {
      client,
      handlers,
      sending: Promise.resolve(),
      sent: 0,
      isReady: false,
      early: [],
      barrier,
      silence: undefined,
    }
    this.#groups.set(group, joined)
    await client.join(groupName(group))
    const { early } = joined
    queueMicrotask(() => {
      if (joined !== undefined) joined.isReady = true
      for (const event of early.splice(0)) event()
    })
  }

  async leave(group: PeerGroup): Promise<void> {
    const joined = this.#groups.get(group)
    if (joined === undefined) return
    this.#groups.delete(group)
    joined.silence?.()
    await joined.sending
    await joined.client.leave().catch(() => undefined)
    joined.client.close()
  }

  send(group: PeerGroup, xml: XmlElement, target: PeerTarget = {}): void {
    const joined = this.#groups.get(group)
    if (joined === undefined) {
      // A client's request can come in while the daemon is on its way out.
      this.#options.log(`message for group ${group} dropped: this node is not in it`)
      return
    }
    joined.sent += 1
    const message = {
      id: joined.sent,
      hostName: target.to ?? '',
      hostType: peerTypes[target.toType ?? group],
      senderPid: this.#options.host.pid,
      senderName: this.#localName,
      senderType: peerTypes[group],
    }
    joined.sending = joined.sending
      .then(() => joined.client.mcast(encodeCpgMessage({ ...message, xml: writeXml(xml) }, this.#options.bzip2)))
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#options.log(`could not send to group ${group}: ${String(error)}`)
        target.failed?.(error instanceof Error ? error : new Error(String(error)))
      })
  }

  onView(listener: (view: ClusterView) => void): () => void {
    this.#viewListeners.add(listener)
    queueMicrotask(() => {
      if (this.#viewListeners.has(listener)) listener(this.#view)
    })
    return () => this.#viewListeners.delete(listener)
  }

  onLost(listener: (error: Error) => void): () => void {
    this.#lostListeners.add(listener)
    return () => this.#lostListeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const group of [...this.#groups.keys()]) await this.leave(group)
    for (const close of this.#closers.splice(0)) close()
  }

  #viewChanged(view: QuorumView): void {
    this.#view = { isQuorate: view.isQuorate, ringSeq: view.ringSeq, members: view.members }
    this.#cache.setMembers(view.members)
    for (const listener of [...this.#viewListeners]) listener(this.#view)
    for (const joined of [...this.#groups.values()]) {
      joined.barrier.reached(view.ringSeq)
      this.#watch(joined)
    }
  }

  #pass(group: PeerGroup, event: () => void, isOfRing = false): void {
    const joined = this.#groups.get(group)
    if (joined === undefined) return
    joined.barrier.pass(event, isOfRing)
    this.#watch(joined)
  }

  #ringNamed(group: PeerGroup, seq: bigint): void {
    const joined = this.#groups.get(group)
    if (joined === undefined) return
    joined.barrier.ring(seq, this.#view.ringSeq)
    this.#watch(joined)
  }

  /** A node that is not told whether it has quorum must not go on as if it had. */
  #watch(joined: Joined): void {
    if (!joined.barrier.isHolding) {
      joined.silence?.()
      joined.silence = undefined
      return
    }
    const silent = new Error(`the quorum service has not told of the new ring in ${quorumSilenceMs} ms`)
    joined.silence ??= this.#options.host.after(quorumSilenceMs, () => this.#lose(silent))
  }

  #process(group: PeerGroup, id: NodeId, pid: number, isThere: boolean): void {
    const changed = this.#cache.setProcess(group, id, pid, isThere)
    if (changed !== undefined) this.#groups.get(group)?.handlers.changed(changed, isThere)
  }

  #deliver(group: PeerGroup, from: CpgMember, bytes: Uint8Array): void {
    const joined = this.#groups.get(group)
    if (joined === undefined) return
    const message = this.#read(group, from, bytes)
    if (message !== undefined) joined.handlers.message(message)
  }

  /** Undefined: not for this node, or not readable. */
  #read(group: PeerGroup, from: CpgMember, bytes: Uint8Array): PeerMessage | undefined {
    try {
      const message = decodeCpgMessage(bytes, this.#options.bzip2)
      const isForUs =
        (message.hostName === '' || message.hostName.toLowerCase() === this.#localName.toLowerCase()) &&
        (message.hostId === 0 || message.hostId === this.localNodeId)
      if (!isForUs) return undefined
      if (message.senderName !== '') this.#cache.learn(from.nodeId, message.senderName)
      const parsed = parseXml(message.xml)
      if (!parsed.ok) throw new DecodeError('value', 592, `no XML: ${parsed.error.reason}`)
      const peer = this.#cache.byId(from.nodeId)
      if (peer === undefined) return undefined
      return {
        group,
        from: peer,
        fromType: message.senderType,
        toType: message.hostType,
        isAddressed: message.hostName !== '',
        isOwn: from.nodeId === this.localNodeId,
        xml: parsed.value,
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#refuse(group, from.nodeId, error)
      return undefined
    }
  }

  /** Counts a message that could not be read, and says so at most once a second for each sender. */
  #refuse(group: PeerGroup, from: NodeId, error: DecodeError): void {
    const now = this.#options.host.monoMs()
    const seen = this.#refused.get(from) ?? { count: 0, toldAtMs: Number.NEGATIVE_INFINITY }
    seen.count += 1
    this.#refused.set(from, seen)
    if (now - seen.toldAtMs < refusalLogIntervalMs) return
    seen.toldAtMs = now
    this.#options.log(`message of node ${from} in group ${group} dropped (${seen.count} so far): ${error.message}`)
  }

  #lose(error: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const listener of [...this.#lostListeners]) listener(error)
  }
}

/** Node list of corosync's configuration (`nodelist.node.N.nodeid`, `.name`), sorted by name. */
async function readNodeList(
  cmap: CmapClient,
  isAddress: (text: string) => boolean,
): Promise<readonly { nodeId: NodeId; name: string }[]> {
  const nodes: { nodeId: NodeId; name: string }[] = []
  for (const key of await cmap.keys('nodelist.node.')) {
    const index = /^nodelist\.node\.(\d+)\.nodeid$/.exec(key)?.[1]
    if (index === undefined) continue
    const id = await cmap.get(key)
    if (id === undefined || id.type === 'binary' || id.type === 'string') continue
    const name = await cmap.get(`nodelist.node.${index}.name`)
    const address = name ?? (await cmap.get(`nodelist.node.${index}.ring0_addr`))
    if (address?.type === 'string' && (name !== undefined || !isAddress(address.value))) {
      nodes.push({ nodeId: nodeId(Number(id.value)), name: address.value })
    }
  }
  return nodes.sort((a, b) => compareNodeNames(a.name, b.name))
}
