import { type MonoMs, type NodeId, unreachable } from '@quorate/base'
import { csErrorCodes } from '../cs-error.ts'
import {
  cfgAddressSlotBytes,
  cfgCalls,
  cfgGetNodeAddrs,
  cfgInterfaceName,
  cfgInterfaceNamesAt,
  cfgInterfaceState,
  cfgInterfaceStatesAt,
  cfgInterfacesMax,
  cfgKillNode,
  cfgKillReasonAt,
  cfgLinkStatus,
  cfgLinkStatusesAt,
  cfgLocalGet,
  cfgNodeAddrs,
  cfgNodeStatus,
  cfgNodeStatusGet,
  cfgReplyToShutdown,
  cfgResponses,
  cfgRingStatus,
  cfgShutdownFlags,
  cfgShutdownTimeoutMs,
  cfgTestShutdown,
  cfgTryShutdown,
} from '../ipc/cfg-messages.ts'
import { responseOf } from '../ipc/message-header.ts'
import { readCsName } from '../ipc/wire-name.ts'
import type { LinkState, LinkView } from '../link-view.ts'
import { type ConnectionId, type Service, type ServiceEffect, type ServiceEvent, serviceIds } from '../service.ts'
import {
  cfgFunctions,
  decodeKeyPhase,
  decodeKillNode,
  encodeKeyPhase,
  encodeKillNode,
  encodeReload,
  encodeShutdown,
} from './cfg-ring-message.ts'
import { KeyChange, type KeyEffect, keyPatienceMs } from './key-change.ts'

/** A node of the ring with its address on a link (0..7): its text, and its 4 or 16 bytes. */
export type NodeAddress = {
  readonly node: NodeId
  readonly link: number
  readonly text: string
  readonly bytes: Uint8Array
}

/** What cfg tells of this node's link. */
export type CfgConfig = {
  readonly self: NodeId
  readonly addresses: readonly NodeAddress[]
  /** Payload of a frame on link 0, bytes; with a transport that keeps no links. */
  readonly linkMtu: number
  /** The links, where the transport keeps any. */
  readonly links: LinkView | undefined
}

const code = csErrorCodes
const familyIpv4 = 2
const familyIpv6 = 10
/** Exit code of a node that another one ended: -1, as a process gives it. */
const exitOfKilled = 255

type Shutdown = {
  readonly asker: ConnectionId
  readonly flags: number
  readonly waiting: Set<ConnectionId>
}

/** What administrators ask of the daemon itself (protocols/corosync.md 6.4, 9.3): status of links, addresses, an end. */
export class CfgService implements Service {
  readonly id = serviceIds.cfg
  #config: CfgConfig
  readonly #trackers = new Set<ConnectionId>()
  readonly #key = new KeyChange()
  /** Who has asked for a reload and waits for what comes of it, first come first served. */
  readonly #reloaders: ConnectionId[] = []
  #members: readonly NodeId[] = []
  #shutdown: Shutdown | undefined
  #out: ServiceEffect[] = []

  constructor(config: CfgConfig) {
    this.#config = config
  }

  /** The nodelist has changed. */
  reconfigure(addresses: readonly NodeAddress[]): void {
    this.#config = { ...this.#config, addresses }
  }

  /** A reload that a client asked for is over. One that has gone meanwhile gets no answer. */
  reloaded(isTaken: boolean): readonly ServiceEffect[] {
    const connection = this.#reloaders.shift()
    if (connection === undefined) return []
    const bytes = responseOf(cfgResponses.reloadConfig, isTaken ? code.CS_OK : code.CS_ERR_INVALID_PARAM)
    return [{ kind: 'respond', connection, bytes }]
  }

  /** A ring has formed. cfg takes no part in the sync, it only wants to know. */
  ring(members: readonly NodeId[]): readonly ServiceEffect[] {
    this.#out = []
    this.#members = members
    this.#changeKey(this.#key.ring(members))
    return this.#out
  }

  /** A reload has found another key, see key-change.ts. */
  keyLoaded(): readonly ServiceEffect[] {
    this.#out = []
    this.#log('info', 'New key or cipher loaded: packets are sealed with it once all members have it')
    this.#out.push({ kind: 'arm', timer: 'key-change', afterMs: keyPatienceMs })
    this.#changeKey(this.#key.load())
    return this.#out
  }

  step(event: ServiceEvent, _now: MonoMs): readonly ServiceEffect[] {
    this.#out = []
    switch (event.kind) {
      case 'request':
        this.#request(event.connection, event.id, event.bytes)
        break
      case 'closed':
        this.#trackers.delete(event.connection)
        this.#agreed(event.connection)
        break
      case 'message':
        this.#message(event.from, event.fn, event.bytes)
        break
      case 'timer':
        if (event.timer === 'shutdown-answer') this.#shutdownDecided(code.CS_ERR_BUSY)
        if (event.timer === 'key-change') this.#changeKey(this.#key.late())
        break
      case 'opened':
      case 'sync-init':
      case 'sync-process':
      case 'sync-activate':
      case 'sync-abort':
      case 'cmap':
        break
    }
    return this.#out
  }

  #message(from: NodeId, fn: number, bytes: Uint8Array): void {
    const isSelf = from === this.#config.self
    switch (fn) {
      case cfgFunctions.killNode: {
        const { node, reason } = decodeKillNode(bytes)
        if (node !== this.#config.self) return
        const text = `Killed by node ${from} : ${reason}`
        this.#log('notice', text)
        this.#out.push({ kind: 'stop', exitCode: exitOfKilled, reason: text })
        return
      }
      case cfgFunctions.shutdown:
        if (isSelf) this.#out.push({ kind: 'stop', exitCode: 0, reason: 'Node was shut down by sysadmin' })
        return
      case cfgFunctions.reload:
        this.#out.push({ kind: 'reload', isOwn: isSelf })
        return this.#changeKey(this.#key.reload())
      case cfgFunctions.cryptoReconfig:
        return this.#changeKey(this.#key.said(from, decodeKeyPhase(bytes)))
      case cfgFunctions.ringReenable:
        return
      default:
        this.#log('warning', `unknown function ${fn} from node ${from}`)
    }
  }

  #changeKey(effects: readonly KeyEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'say':
          this.#multicast(encodeKeyPhase(effect.phase))
          break
        case 'wait': {
          const who = effect.for.join(' ')
          const what = `Nodes without the new key: ${who}. Packets are sealed with the old one until they have it`
          this.#log('warning', `${what}; copy it there and reload again`)
          break
        }
        case 'switch':
          this.#log('notice', 'Packets are sealed with the new key')
          this.#out.push({ kind: 'disarm', timer: 'key-change' }, { kind: 'key', step: 'switch' })
          break
        case 'forget':
          this.#log('info', 'The old key is not accepted any more')
          this.#out.push({ kind: 'key', step: 'forget' })
          break
        default:
          unreachable(effect)
      }
    }
  }

  #request(connection: ConnectionId, id: number, bytes: Uint8Array): void {
    const respond = (answer: Uint8Array): void => {
      this.#out.push({ kind: 'respond', connection, bytes: answer })
    }
    switch (id) {
      case cfgCalls.ringStatusGet:
        return respond(this.#ringStatus())
      case cfgCalls.ringReenable:
        return respond(responseOf(cfgResponses.ringReenable, code.CS_OK))
      case cfgCalls.killNode: {
        const { node } = cfgKillNode.decode(bytes)
        this.#multicast(encodeKillNode(node, readCsName(bytes, cfgKillReasonAt)))
        return respond(responseOf(cfgResponses.killNode, code.CS_OK))
      }
      case cfgCalls.tryShutdown:
        return this.#tryShutdown(connection, cfgTryShutdown.decode(bytes).flags)
      case cfgCalls.replyToShutdown: {
        const isYes = cfgReplyToShutdown.decode(bytes).response === 1
        const isAsked = this.#shutdown?.waiting.has(connection) === true
        respond(responseOf(cfgResponses.replyToShutdown, isAsked ? code.CS_OK : code.CS_ERR_ACCESS))
        if (isYes) this.#agreed(connection)
        else if (isAsked) this.#shutdownDecided(code.CS_ERR_BUSY)
        return
      }
      case cfgCalls.getNodeAddrs:
        return respond(this.#nodeAddresses(cfgGetNodeAddrs.decode(bytes).node))
      case cfgCalls.localGet: {
        const answer = responseOf(cfgResponses.localGet, code.CS_OK, cfgLocalGet.size)
        cfgLocalGet.encode(answer, { node: this.#config.self })
        return respond(answer)
      }
      case cfgCalls.reloadConfig:
        this.#reloaders.push(connection)
        this.#multicast(encodeReload(this.#config.self))
        return
      case cfgCalls.reopenLogFiles:
        this.#out.push({ kind: 'reopen-logs' })
        return respond(responseOf(cfgResponses.reopenLogFiles, code.CS_OK))
      case cfgCalls.nodeStatusGet: {
        const { node, version } = cfgNodeStatusGet.decode(bytes)
        return respond(this.#nodeStatus(node, version))
      }
      case cfgCalls.trackStart:
        this.#trackers.add(connection)
        return respond(responseOf(cfgResponses.trackStart, code.CS_OK))
      case cfgCalls.trackStop:
        this.#trackers.delete(connection)
        respond(responseOf(cfgResponses.trackStop, code.CS_OK))
        return this.#agreed(connection)
      default:
        return respond(responseOf(0, code.CS_ERR_INVALID_PARAM))
    }
  }

  #tryShutdown(connection: ConnectionId, flags: number): void {
    const refuse = (error: number): void => {
      this.#out.push({ kind: 'respond', connection, bytes: responseOf(cfgResponses.tryShutdown, error) })
    }
    if (flags > cfgShutdownFlags.immediate) return refuse(code.CS_ERR_INVALID_PARAM)
    if (this.#shutdown !== undefined) return refuse(code.CS_ERR_EXIST)
    const waiting = new Set([...this.#trackers].filter((tracker) => tracker !== connection))
    this.#shutdown = { asker: connection, flags, waiting }
    if (flags !== cfgShutdownFlags.request || waiting.size === 0) {
      if (flags === cfgShutdownFlags.regardless) this.#ask(waiting, flags)
      return this.#shutdownDecided(code.CS_OK)
    }
    this.#ask(waiting, flags)
    this.#out.push({ kind: 'arm', timer: 'shutdown-answer', afterMs: cfgShutdownTimeoutMs })
  }

  #ask(trackers: ReadonlySet<ConnectionId>, flags: number): void {
    for (const connection of trackers) {
      const bytes = responseOf(cfgResponses.testShutdown, code.CS_OK, cfgTestShutdown.size)
      cfgTestShutdown.encode(bytes, { flags })
      this.#out.push({ kind: 'event', connection, bytes })
    }
  }

  /** One tracker less to wait for: it agreed, or it is gone, which counts as agreement. */
  #agreed(connection: ConnectionId): void {
    const running = this.#shutdown
    if (running === undefined || !running.waiting.delete(connection)) return
    if (running.waiting.size === 0) this.#shutdownDecided(code.CS_OK)
  }

  #shutdownDecided(error: number): void {
    const running = this.#shutdown
    if (running === undefined) return
    this.#shutdown = undefined
    this.#out.push({ kind: 'disarm', timer: 'shutdown-answer' })
    const bytes = responseOf(cfgResponses.tryShutdown, error)
    this.#out.push({ kind: 'respond', connection: running.asker, bytes })
    if (error === code.CS_OK) this.#multicast(encodeShutdown())
  }

  #ringStatus(): Uint8Array {
    const bytes = responseOf(cfgResponses.ringStatusGet, code.CS_OK, cfgRingStatus.size)
    const own = this.#addressesOf(this.#config.self).slice(0, cfgInterfacesMax)
    cfgRingStatus.encode(bytes, { interfaces: own.length })
    own.forEach(({ link, text }, i) => {
      cfgInterfaceName.encode(bytes, { name: `${link} ${text}` }, cfgInterfaceNamesAt + i * cfgInterfaceName.size)
      const at = cfgInterfaceStatesAt + i * cfgInterfaceState.size
      cfgInterfaceState.encode(bytes, { status: this.#linkStatus(link) }, at)
    })
    return bytes
  }

  /** A character for each node, as `corosync-cfgtool -s -b` shows them; `OK` where the transport keeps no links. */
  #linkStatus(link: number): string {
    const view = this.#config.links
    if (view === undefined) return 'OK'
    const nodes = this.#config.addresses.filter((item) => item.link === link).toSorted((a, b) => a.node - b.node)
    const states = nodes.map(({ node }) => {
      if (node === this.#config.self) return 'n'
      const state = view.linksTo(node)?.find((item) => item.link === link)
      return state === undefined ? 'd' : String(1 + (state.isConnected ? 2 : 0))
    })
    return states.join('')
  }

  #nodeAddresses(node: number): Uint8Array {
    const addresses = this.#addressesOf(node === 0 ? this.#config.self : node)
    const [first] = addresses
    if (first === undefined) return responseOf(cfgResponses.getNodeAddrs, code.CS_ERR_NOT_EXIST, cfgNodeAddrs.size)
    const size = cfgNodeAddrs.size + addresses.length * cfgAddressSlotBytes
    const bytes = responseOf(cfgResponses.getNodeAddrs, code.CS_OK, size)
    const family = first.bytes.byteLength === cfgAddressSlotBytes ? familyIpv6 : familyIpv4
    cfgNodeAddrs.encode(bytes, { family, count: addresses.length })
    addresses.forEach((address, i) => {
      bytes.set(address.bytes, cfgNodeAddrs.size + i * cfgAddressSlotBytes)
    })
    return bytes
  }

  #nodeStatus(node: number, version: number): Uint8Array {
    const refuse = (error: number): Uint8Array => responseOf(cfgResponses.nodeStatusGet, error, cfgNodeStatus.size)
    if (version !== 1) return refuse(code.CS_ERR_NOT_SUPPORTED)
    const [address] = this.#addressesOf(node)
    if (address === undefined) return refuse(code.CS_ERR_NOT_EXIST)
    const isMember = this.#members.includes(address.node)
    const udpu: LinkState = {
      link: 0,
      isConnected: isMember,
      mtu: this.#config.linkMtu,
      source: address.text,
      destination: '',
    }
    const view = this.#config.links
    const links = view === undefined ? [udpu] : (view.linksTo(address.node) ?? [])
    const isReachable = view === undefined ? isMember : links.some((link) => link.isConnected)
    const bytes = responseOf(cfgResponses.nodeStatusGet, code.CS_OK, cfgNodeStatus.size)
    cfgNodeStatus.encode(bytes, { version: 1, node, reachable: isReachable ? 1 : 0 })
    for (const { link, isConnected, mtu, source, destination } of links) {
      const state = { enabled: 1, connected: isConnected ? 1 : 0, mtu, source, destination }
      cfgLinkStatus.encode(bytes, state, cfgLinkStatusesAt + link * cfgLinkStatus.size)
    }
    return bytes
  }

  /** Ascending by link. */
  #addressesOf(node: number): readonly NodeAddress[] {
    return this.#config.addresses.filter((item) => item.node === node)
  }

  #multicast(bytes: Uint8Array): void {
    this.#out.push({ kind: 'multicast', bytes })
  }

  #log(level: 'info' | 'notice' | 'warning', text: string): void {
    this.#out.push({ kind: 'log', level, subsystem: 'CFG', text })
  }
}
