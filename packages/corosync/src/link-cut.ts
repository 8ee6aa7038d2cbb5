import { type NodeId, nodeId } from '@quorate/base'

/**
 * Key of cmap by which the network of a node is cut for an exercise: ids of the nodes that it neither hears nor reaches,
 * separated by blanks. Like a pulled cable, it concerns this node's end only; set it at both ends for a clean cut. It is
 * not part of corosync, and gone with the process.
 */
export const linkCutKey = 'runtime.quorate.cut'

/** Nodes named by a value of {@link linkCutKey}; words that are no node ids name nobody. */
export function cutNodes(text: string): ReadonlySet<NodeId> {
  const ids = text
    .split(/\s+/)
    .filter((word) => /^[1-9]\d{0,9}$/.test(word))
    .map(Number)
  return new Set(ids.filter((id) => id <= 0xffff_ffff).map(nodeId))
}
