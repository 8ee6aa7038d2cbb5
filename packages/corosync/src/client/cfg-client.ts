import { decodeText, type NodeId, nodeId } from '@quorate/base'
import type { CfgAdminClient, NodeLink, NodeStatus, RingLink } from '../door/admin-clients.ts'
import type { CfgHandlers } from '../door/ring-clients.ts'
import type { ServiceCalls } from '../door/service-calls.ts'
import {
  cfgAddressSlotBytes,
  cfgCalls,
  cfgGetNodeAddrs,
  cfgKillNode,
  cfgKillReasonAt,
  cfgLocalGet,
  cfgNodeAddrs,
  cfgNodeStatus,
  cfgNodeStatusGet,
  cfgReplyToShutdown,
  cfgResponses,
  cfgRingStatus,
  cfgShutdownFlags,
  cfgTryShutdown,
} from '../ipc/cfg-messages.ts'
import { requestOf, tailOf } from '../ipc/message-header.ts'
import { writeCsName } from '../ipc/wire-name.ts'
import { openService } from './service-connection.ts'

const linksMax = 8
const ringsMax = 16
const nameBytes = 128
const statusBytes = 512
const namesAt = 32
const statusesAt = 2080
const addressesMax = 16
/** A link in NODESTATUS4176: where the first starts in the response, and how long each is. */
const nodeLinksAt = 40
const nodeLinkBytes = 520
const familyIpv6 = 10

/** Client of the `cfg` service. */
export class IpcCfgClient implements CfgAdminClient {
  readonly localNodeId: NodeId
  readonly #connection: ServiceCalls

  private constructor(connection: ServiceCalls, localNodeId: NodeId) {
    this.#connection = connection
    this.localNodeId = localNodeId
  }

  /** `tracks`: whether this program is asked before the ring stops. */
  static async open(handlers: CfgHandlers, tracks: boolean, tryAgainForMs: number): Promise<IpcCfgClient> {
    const connection: ServiceCalls = await openService('cfg', {
      tryAgainForMs,
      onEvent: (id) => {
        if (id === cfgResponses.testShutdown) void answerShutdown(connection, handlers)
      },
      onClose: (error) => handlers.onClose(error),
    })
    try {
      const response = await connection.call('local get', requestOf(cfgCalls.localGet), cfgLocalGet.size)
      if (tracks) await connection.call('track', requestOf(cfgCalls.trackStart, 24))
      return new IpcCfgClient(connection, nodeId(cfgLocalGet.decode(response).node))
    } catch (error) {
      connection.close()
      throw error
    }
  }

  async tryShutdown(how: 'request' | 'regardless' | 'immediate'): Promise<void> {
    const request = requestOf(cfgCalls.tryShutdown, cfgTryShutdown.size)
    cfgTryShutdown.encode(request, { flags: cfgShutdownFlags[how] })
    await this.#connection.call('try shutdown', request)
  }

  async killNode(node: NodeId, reason: string): Promise<void> {
    const request = requestOf(cfgCalls.killNode, cfgKillNode.size)
    cfgKillNode.encode(request, { node })
    writeCsName(request, cfgKillReasonAt, reason)
    await this.#connection.call(`kill node ${node}`, request)
  }

  async links(): Promise<readonly RingLink[]> {
    const response = await this.#connection.call('ring status', requestOf(cfgCalls.ringStatusGet), cfgRingStatus.size)
    const count = Math.min(cfgRingStatus.decode(response).interfaces, ringsMax)
    return Array.from({ length: count }, (_, i) => ({
      name: textAt(response, namesAt + i * nameBytes, nameBytes),
      status: textAt(response, statusesAt + i * statusBytes, statusBytes),
    }))
  }

  async nodeStatus(node: number): Promise<NodeStatus> {
    const request = requestOf(cfgCalls.nodeStatusGet, cfgNodeStatusGet.size)
    cfgNodeStatusGet.encode(request, { node, version: 1 })
    const response = await this.#connection.call(`status of node ${node}`, request, cfgNodeStatus.size)
    const { node: id, reachable } = cfgNodeStatus.decode(response)
    const links = Array.from({ length: linksMax }, (_, i) => readLink(response, nodeLinksAt + i * nodeLinkBytes))
    return { nodeId: id, isReachable: reachable !== 0, links }
  }

  async addresses(node: number): Promise<readonly string[]> {
    const request = requestOf(cfgCalls.getNodeAddrs, cfgGetNodeAddrs.size)
    cfgGetNodeAddrs.encode(request, { node })
    const response = await this.#connection.call(`addresses of node ${node}`, request, cfgNodeAddrs.size)
    const { family, count } = cfgNodeAddrs.decode(response)
    const slots = tailOf(response, cfgNodeAddrs.size, count * cfgAddressSlotBytes, addressesMax * cfgAddressSlotBytes)
    return Array.from({ length: count }, (_, i) => addressText(family, slots.subarray(i * cfgAddressSlotBytes)))
  }

  async reloadConfig(): Promise<void> {
    await this.#connection.call('reload', requestOf(cfgCalls.reloadConfig))
  }

  async reopenLogFiles(): Promise<void> {
    await this.#connection.call('reopen log files', requestOf(cfgCalls.reopenLogFiles))
  }

  close(): void {
    this.#connection.close()
  }
}

async function answerShutdown(connection: ServiceCalls, handlers: CfgHandlers): Promise<void> {
  const agrees = await handlers.testShutdown()
  const request = requestOf(cfgCalls.replyToShutdown, cfgReplyToShutdown.size)
  cfgReplyToShutdown.encode(request, { response: agrees ? 1 : 0 })
  // A ring that has stopped meanwhile is told of by onClose.
  await connection.call('reply to shutdown', request).catch(() => undefined)
}

function textAt(bytes: Uint8Array, at: number, size: number): string {
  return decodeText(bytes.subarray(at, at + size))
}

function readLink(bytes: Uint8Array, at: number): NodeLink {
  return {
    isEnabled: bytes[at] === 1,
    isConnected: bytes[at + 1] === 1,
    isDynamicConnected: bytes[at + 2] === 1,
    mtu: new DataView(bytes.buffer, bytes.byteOffset + at + 4, 4).getUint32(0, true),
    source: textAt(bytes, at + 8, 256),
    destination: textAt(bytes, at + 264, 256),
  }
}

function addressText(family: number, slot: Uint8Array): string {
  if (family !== familyIpv6) return slot.subarray(0, 4).join('.')
  const view = new DataView(slot.buffer, slot.byteOffset, cfgAddressSlotBytes)
  return Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':')
}
