import { canFence } from '../action/fencing.ts'
import type { Cluster } from '../model/model.ts'
import { isRemote } from '../model/tree.ts'

/** Something by which data can be lost, or the whole partition stops. */
export type Risk = {
  /**
   * `not-fenced`: what ran on a node that is lost is started elsewhere, and the node is not fenced; `cannot-fence`: the node
   * has to be fenced and cannot be; `no-quorum`: what runs goes on without quorum; `majority`: so few nodes are left that
   * quorum is lost as well if each has one vote, which a CIB does not say; that is not supposed by itself.
   */
  readonly kind: 'not-fenced' | 'cannot-fence' | 'no-quorum' | 'majority'
  readonly text: string
  /** Resources that are at risk; empty where that is all. */
  readonly resources: readonly string[]
}

/** Where all instances of a name are, and where they are promoted. */
type Whole = { readonly nodes: readonly string[]; readonly promoted: readonly string[] }

/** Where what is supposed leads: the status before and after it, and where things are now and in the end. */
export type Outlook = {
  readonly before: Cluster
  readonly after: Cluster
  readonly now: ReadonlyMap<string, Whole>
  readonly end: ReadonlyMap<string, Whole>
  /** Names of nodes that are supposed to be lost, remote ones included, and of those that are fenced. */
  readonly lost: readonly string[]
  readonly fenced: readonly string[]
}

/** What is at risk if that happens. */
export function risksOf(outlook: Outlook): readonly Risk[] {
  const gone = goneNodes(outlook)
  return [
    ...gone.flatMap((name) => unfencedRisk(outlook, name)),
    ...gone.flatMap((name) => unfenceableRisk(outlook, name)),
    ...inquorateRisk(outlook),
    ...majorityRisk(outlook),
  ]
}

/** Names of nodes that are not there any more. */
function goneNodes({ before, after, lost }: Outlook): readonly string[] {
  const left = new Set(after.nodes.filter(({ online }) => online).map(({ uname }) => uname))
  const names = before.nodes.filter(({ online, uname }) => online && !left.has(uname)).map(({ uname }) => uname)
  return [...new Set([...lost, ...names])]
}

/** What ran on a node and is started, or promoted, elsewhere. */
function takenOver({ now, end }: Outlook, name: string): readonly string[] {
  return [...now].flatMap(([id, { nodes, promoted }]) => {
    const then = end.get(id)
    if (then === undefined || !nodes.includes(name)) return []
    const isMoved = nodes.length === 1 && then.nodes.some((node) => node !== name)
    const isPromoted = promoted.includes(name) && then.promoted.some((node) => node !== name)
    return isMoved || isPromoted ? [id] : []
  })
}

function unfencedRisk(outlook: Outlook, name: string): readonly Risk[] {
  const { after, fenced } = outlook
  if (fenced.includes(name)) return []
  const resources = takenOver(outlook, name)
  if (resources.length === 0) return []
  const why = after.settings.fencingEnabled ? 'what ran there does not require it' : 'stonith-enabled is false'
  const text = `${name} is not fenced (${why}): where it only cannot be reached, it still runs what is started elsewhere`
  return [{ kind: 'not-fenced', text, resources }]
}

function unfenceableRisk(outlook: Outlook, name: string): readonly Risk[] {
  const { after, now, end, fenced } = outlook
  const node = after.nodes.find(({ uname }) => uname === name)
  if (node === undefined || !after.settings.fencingEnabled || fenced.includes(name)) return []
  if (!node.unclean || canFence(after, node)) return []
  const resources = [...now].flatMap(([id, { nodes }]) => {
    const isElsewhere = end.get(id)?.nodes.some((other) => other !== name) === true
    return nodes.includes(name) && !isElsewhere ? [id] : []
  })
  const why = after.fenceDeviceExists ? 'this partition has no quorum' : 'there is no fence device'
  const text = `${name} has to be fenced and cannot be (${why}): what ran there stays down until a person has seen to it`
  return [{ kind: 'cannot-fence', text, resources }]
}

function inquorateRisk({ before, after, end }: Outlook): readonly Risk[] {
  const goesOn = ({ quorate, settings }: Cluster): boolean => !quorate && settings.noQuorumPolicy === 'ignore'
  if (!goesOn(after) || goesOn(before)) return []
  const guard = after.settings.fencingEnabled
    ? ', and nothing but fencing keeps them apart'
    : ', and nothing keeps them apart'
  const text = `no-quorum-policy is ignore: both partitions go on and may run the same${guard}`
  return [
    { kind: 'no-quorum', text, resources: [...end].filter(([, { nodes }]) => nodes.length > 0).map(([id]) => id) },
  ]
}

function majorityRisk({ before, after }: Outlook): readonly Risk[] {
  const left = membersUp(after)
  const all = after.nodes.filter((node) => !isRemote(node)).length
  if (!after.quorate || left >= membersUp(before) || left * 2 > all) return []
  const text = `${left} of ${all} nodes would be left, which is no majority if each has one vote: a CIB has nodes, and not their votes, nor what corosync is told (two_node, last_man_standing, auto_tie_breaker, a quorum device); corosync-quorumtool tells. Where quorum is lost as well, suppose --quorum-lost too`
  return [{ kind: 'majority', text, resources: [] }]
}

function membersUp({ nodes }: Cluster): number {
  return nodes.filter((node) => node.online && !isRemote(node)).length
}
