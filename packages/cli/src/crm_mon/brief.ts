import { agentText, compareDisplayNames, type Resource, type StatusItem } from '@quorate/scheduler'

type Tally = { total: number; active: number; readonly byNode: Map<string, number> }

/**
 * Primitives counted by agent and node: `1/2 (ocf:pacemaker:Dummy): Active n1`.
 *
 * @param showsTotal whether those that do not run count too
 * @param namesNodes whether the nodes are named; they are not beneath a node, which then has a line for each all the same
 */
export function briefItems(
  primitives: readonly Resource[],
  showsTotal: boolean,
  namesNodes: boolean,
): readonly StatusItem[] {
  const tallies = new Map<string, Tally>()
  for (const item of primitives) {
    const agent = agentText(item)
    const tally = tallies.get(agent) ?? { total: 0, active: 0, byNode: new Map() }
    tallies.set(agent, tally)
    tally.total += 1
    for (const node of item.runningOn) {
      if (!node.online && !node.unclean && item.managed) continue
      tally.active += 1
      tally.byNode.set(node.uname, (tally.byNode.get(node.uname) ?? 0) + 1)
    }
  }
  const out: StatusItem[] = []
  for (const [agent, tally] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const places = [...tally.byNode].sort(([a], [b]) => compareDisplayNames(a, b))
    for (const [node, count] of places) {
      const number = showsTotal ? `${count}/${tally.total}` : `${count}`
      out.push({ text: `${number}\t(${agent}):\tActive ${namesNodes ? node : ''}` })
    }
    if (places.length === 0 && showsTotal) out.push({ text: `0/${tally.total}\t(${agent}):\tActive` })
  }
  return out
}
