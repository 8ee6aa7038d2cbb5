import { addScores } from '../score.ts'

/** Where the state of a resource may be asked for: on every node, never, or only on nodes marked exclusive. In rising order. */
export const discovery = { always: 0, never: 1, exclusive: 2 } as const
export type Discovery = (typeof discovery)[keyof typeof discovery]

/** What a table needs to know of a node. */
export type Indexed = {
  readonly index: number
  readonly entryScore: number
  readonly entryMode: Discovery
  /** It has the index of another node. */
  readonly isTwin?: boolean
  /** And was made after that. */
  readonly isLateTwin?: boolean
}

const absent = -0x8000_0000

/** Whether tables have the same nodes, entered in the same order. */
export function sameOrder(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}

/**
 * Scores of nodes by their dense index: the "allowed nodes" of a resource. A node that is not in the table is none of the
 * resource's business; one with minus infinity is banned. Tables are copied all the time: plain arrays of small integers
 * are made several times faster than typed ones, and lie in V8's own heap whatever their length.
 */
export class NodeTable {
  readonly #scores: number[]
  #modes: Discovery[]
  #inserted: number[]
  /** Modes and order belong to another table as well, until one of the two changes them: hardly ever does any. */
  #isShared: boolean
  /** Made when the first instance is counted: only collectives have any. */
  #counts: number[] | undefined
  /** Of twins, the one that was inserted last, which stands here for both; most clusters have none. */
  #standIns: Map<number, Indexed> | undefined

  constructor(scores: number[] = [], modes: Discovery[] = [], inserted: number[] = [], isShared = false) {
    this.#scores = scores
    this.#modes = modes
    this.#inserted = inserted
    this.#isShared = isShared
    this.#counts = undefined
  }

  /** Indexes in the order of insertion, for the few places where the C stack's hash order leaks out. */
  get inserted(): readonly number[] {
    return this.#inserted
  }

  /** Number of nodes in the table. */
  get size(): number {
    return this.#inserted.length
  }

  has(node: Indexed): boolean {
    const score = this.#scores[node.index]
    return score !== undefined && score !== absent
  }

  /** Score of a node, or undefined where it is not in the table. */
  get(node: Indexed): number | undefined {
    const score = this.#scores[node.index]
    return score === absent ? undefined : score
  }

  /** Sets the score of a node that is in the table, else puts it there with the mode of the node's own entry. */
  set(node: Indexed, score: number): void {
    if (!this.has(node)) this.insert(node, score, node.entryMode)
    else this.#scores[node.index] = score | 0
  }

  insert(node: Indexed, score: number, mode: Discovery): void {
    this.#unshare()
    while (this.#scores.length <= node.index) {
      this.#scores.push(absent)
      this.#modes.push(discovery.always)
    }
    if (this.#scores[node.index] === absent) this.#inserted.push(node.index)
    this.#scores[node.index] = score | 0
    this.#modes[node.index] = mode
    if (this.#counts !== undefined) this.#counts[node.index] = 0
    if (node.isTwin === true) this.#standIns = new Map(this.#standIns).set(node.index, node)
  }

  /** Adds a score; a node that is not in the table enters with the score of its own entry first. */
  add(node: Indexed, score: number): void {
    const before = this.get(node)
    if (before === undefined) this.insert(node, addScores(node.entryScore, score), node.entryMode)
    else this.#scores[node.index] = addScores(before, score) | 0
  }

  remove(node: Indexed): void {
    if (!this.has(node)) return
    this.#unshare()
    this.#scores[node.index] = absent
    this.#inserted.splice(this.#inserted.indexOf(node.index), 1)
  }

  /** False for a node that another one of its index stands for here. */
  isItself(node: Indexed): boolean {
    const standIn = this.#standIns?.get(node.index)
    // What was put there before there were twins is the older one.
    return standIn === undefined ? node.isLateTwin !== true : standIn === node
  }

  mode(node: Indexed): Discovery {
    return this.#modes[node.index] ?? discovery.always
  }

  setMode(node: Indexed, mode: Discovery): void {
    if (node.index >= this.#modes.length || this.#modes[node.index] === mode) return
    this.#unshare()
    this.#modes[node.index] = mode
  }

  /** Instances placed on a node so far (of the clone that the table belongs to). */
  count(node: Indexed): number {
    return this.#counts?.[node.index] ?? 0
  }

  setCount(node: Indexed, count: number): void {
    if (!this.has(node)) return
    this.#counts ??= this.#scores.map(() => 0)
    this.#counts[node.index] = count
  }

  /** A table of its own with the same scores and modes; counts begin at 0. */
  copy(): NodeTable {
    this.#isShared = true
    const table = new NodeTable(this.#scores.slice(), this.#modes, this.#inserted, true)
    table.#standIns = this.#standIns
    return table
  }

  #unshare(): void {
    if (!this.#isShared) return
    this.#modes = this.#modes.slice()
    this.#inserted = this.#inserted.slice()
    this.#isShared = false
  }
}
