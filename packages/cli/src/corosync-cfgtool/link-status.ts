import type { CfgAdminClient, CmapAdminClient, NodeLink, NodeStatus } from '@quorate/corosync/client'
import { readNodelist, readText } from '../corosync-tools/nodelist.ts'

/** What the tool shows of the transport. */
export type Links = {
  readonly localNodeId: number
  /** knet, udpu or udp. */
  readonly transport: string
  /** Ascending by node id. */
  readonly nodes: readonly NodeStatus[]
  /** Protocol of each link, `udp` or `sctp` with knet, else empty. */
  protocol(link: number): string
}

/** Asks the ring for the state of every configured node's links. */
export async function readLinks(cfg: CfgAdminClient, cmap: CmapAdminClient): Promise<Links> {
  const transport = (await readText(cmap, 'totem.transport')) ?? 'knet'
  const protocols = new Map<number, string>()
  const nodes: NodeStatus[] = []
  for (const { nodeId } of await readNodelist(cmap)) nodes.push(await cfg.nodeStatus(nodeId))
  if (transport === 'knet') {
    for (const link of linkNumbers(nodes)) {
      protocols.set(link, (await readText(cmap, `totem.interface.${link}.knet_transport`)) ?? 'udp')
    }
  }
  return { localNodeId: cfg.localNodeId, transport, nodes, protocol: (link) => protocols.get(link) ?? '' }
}

/** Links that some node has enabled, ascending. */
export function linkNumbers(nodes: readonly NodeStatus[]): readonly number[] {
  const found = new Set<number>()
  for (const { links } of nodes) links.forEach((link, number) => void (link.isEnabled && found.add(number)))
  return [...found].sort((a, b) => a - b)
}

/** As `corosync-cfgtool -s` prints it; `isBrief`: one character for each node. */
export function linksText(links: Links, isBrief: boolean): string {
  let out = heading(links)
  for (const number of linkNumbers(links.nodes)) {
    out += `LINK ID ${number} ${links.protocol(number)}\n`
    out += `\taddr\t= ${linkAddress(links, number)}\n`
    if (isBrief) {
      out += `\tstatus\t= ${links.nodes.map((node) => briefState(links, node, number)).join('')}\n`
      continue
    }
    out += '\tstatus:\n'
    for (const node of links.nodes) {
      const state = linkState(links, node, number)
      if (state !== undefined) out += `\t\tnodeid: ${String(node.nodeId).padStart(10)}:\t${state}\n`
    }
  }
  return out
}

/** As `corosync-cfgtool -n` prints it: the nodes that can be reached, without the own one. */
export function nodesText(links: Links): string {
  let out = heading(links)
  for (const node of links.nodes) {
    if (!node.isReachable || node.nodeId === links.localNodeId) continue
    out += `nodeid: ${node.nodeId} reachable\n`
    node.links.forEach((link, number) => {
      if (!link.isEnabled) return
      const way = `${link.source}${link.destination === '' ? '' : `->${link.destination}`}`
      const state = `enabled${link.isConnected ? ' connected' : ''}`
      out += `   LINK: ${number} ${links.protocol(number)} (${way}) ${state} mtu: ${link.mtu}\n`
    })
    out += '\n'
  }
  return out
}

/** Everything as one value. */
export function linksJson(links: Links): unknown {
  return {
    localNodeId: links.localNodeId,
    transport: links.transport,
    nodes: links.nodes.map((node) => ({
      nodeId: node.nodeId,
      local: node.nodeId === links.localNodeId,
      reachable: node.isReachable,
      links: node.links.flatMap((link, number) =>
        link.isEnabled
          ? [
              {
                link: number,
                connected: link.isConnected,
                mtu: link.mtu,
                source: link.source,
                destination: link.destination,
              },
            ]
          : [],
      ),
    })),
  }
}

/**
 * With knet the own address of the link. With udp and udpu corosync has the other side's in that place, and the C tool
 * shows the last one.
 */
function linkAddress(links: Links, number: number): string {
  const enabled = links.nodes.filter((node) => node.links[number]?.isEnabled)
  const shown = enabled.findLast((node) => node.nodeId !== links.localNodeId) ?? enabled.at(-1)
  return shown?.links[number]?.source ?? ''
}

function heading(links: Links): string {
  return `Local node ID ${links.localNodeId}, transport ${links.transport}\n`
}

function linkState(links: Links, node: NodeStatus, number: number): string | undefined {
  const link = node.links[number]
  if (node.nodeId === links.localNodeId) return 'localhost'
  if (link === undefined || !link.isEnabled) return undefined
  return link.isConnected ? 'connected' : 'disconnected'
}

function briefState(links: Links, node: NodeStatus, number: number): string {
  const link = node.links[number]
  if (node.nodeId === links.localNodeId) return 'n'
  return link === undefined ? 'd' : String(bits(link))
}

function bits(link: NodeLink): number {
  return (link.isEnabled ? 1 : 0) | (link.isConnected ? 2 : 0) | (link.isDynamicConnected ? 4 : 0)
}
