import type { CmapClient } from '@quorate/corosync/client'

/** A node of corosync.conf, as cmap has it. */
export type ConfiguredNode = {
  readonly nodeId: number
  readonly name: string | undefined
  /** Addresses by link number. */
  readonly addresses: readonly string[]
}

const nodeIdKey = /^nodelist\.node\.(\d+)\.nodeid$/
const addressKey = /^nodelist\.node\.(\d+)\.ring(\d)_addr$/
const nameKey = /^nodelist\.node\.(\d+)\.name$/

/** The nodelist, ascending by node id. */
export async function readNodelist(cmap: CmapClient): Promise<readonly ConfiguredNode[]> {
  const byPosition = new Map<string, { nodeId?: number; name?: string; addresses: string[] }>()
  for (const key of await cmap.keys('nodelist.node.')) {
    const position = /^nodelist\.node\.(\d+)\./.exec(key)?.[1]
    const value = (await cmap.get(key))?.value
    if (position === undefined || value === undefined) continue
    const node = byPosition.get(position) ?? { addresses: [] }
    byPosition.set(position, node)
    if (nodeIdKey.test(key)) node.nodeId = Number(value)
    if (nameKey.test(key)) node.name = String(value)
    const link = addressKey.exec(key)?.[2]
    if (link !== undefined) node.addresses[Number(link)] = String(value)
  }
  const nodes = [...byPosition.values()].flatMap(({ nodeId, name, addresses }) =>
    nodeId === undefined ? [] : [{ nodeId, name, addresses }],
  )
  return nodes.sort((a, b) => a.nodeId - b.nodeId)
}

/** A text of cmap, or undefined where there is no such key. */
export async function readText(cmap: CmapClient, key: string): Promise<string | undefined> {
  const value = await cmap.get(key)
  return value === undefined ? undefined : String(value.value)
}
