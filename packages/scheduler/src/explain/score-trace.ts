import type { Action, Cluster, ClusterNode, Colocation, Resource, ScoreCause, ScoreObserver } from '../model/model.ts'
import { forEachBelow } from '../model/tree.ts'
import { clampScore, infinity } from '../score.ts'

/** One change of a score. Added up in order (with `addScores`, beginning with 0) they make the score. */
export type ScoreStep = {
  readonly cause: ScoreCause
  readonly gain: number
  /** Of a wish: what the score of who wishes it was made of at that time. */
  readonly source: readonly ScoreStep[]
}

/** What a promotion score is made of: in order, with `addScores`, they make it. */
export type PromotionSteps = {
  /** The instance's own rating. */
  readonly own: readonly ScoreStep[]
  /** Ratings of other instances on the node: it is the node that is rated. */
  readonly ofOthers: number
  /** What the clone has on the node besides. */
  readonly shared: readonly ScoreStep[]
}

type Column = { score: number | undefined; steps: ScoreStep[] }

type Wish = {
  readonly source: Resource
  readonly colocation: Colocation
  readonly node: ClusterNode
  readonly after: number
  readonly steps: readonly ScoreStep[]
}

type Redefinition = { readonly node: ClusterNode; readonly what: 'agent' | 'parameters' }

type Pair = { readonly first: Action; readonly then: Action }

const noSteps: readonly ScoreStep[] = []

/** The way of every score of a decision, from the base scores to the assignment. */
export class ScoreTrace implements ScoreObserver {
  readonly #columns = new Map<Resource, Map<ClusterNode, Column>>()
  readonly #settled = new Map<Resource, ReadonlyMap<ClusterNode, Column>>()
  readonly #ratings = new Map<Resource, Column>()
  readonly #ignored = new Map<Resource, Colocation[]>()
  readonly #redefined = new Map<Resource, Redefinition>()
  readonly #unpartnered = new Map<Resource, Pair>()
  #wishes: Wish[] = []
  #colocation: Colocation | undefined

  get wishes(): number {
    return this.#wishes.length
  }

  /** What made the score by which a resource was assigned; of what never was, its score as it is. */
  steps(resource: Resource, node: ClusterNode): readonly ScoreStep[] {
    return this.#column(resource, node)?.steps ?? noSteps
  }

  /** The score by which a resource was assigned; undefined where the node was no candidate. */
  score(resource: Resource, node: ClusterNode): number | undefined {
    return this.#column(resource, node)?.score
  }

  /** Colocations of a resource that were left out, since they would have left no node. */
  ignoredOf(resource: Resource): readonly Colocation[] {
    return this.#ignored.get(resource) ?? []
  }

  note(cluster: Cluster, resource: Resource, cause: ScoreCause): void {
    forEachBelow(resource, (item) => {
      for (const node of cluster.nodesByIndex) this.#noteNode(item, node, cause)
    })
    this.#wishes = []
  }

  begin(colocation: Colocation): void {
    this.#wishes = []
    this.#colocation = colocation
  }

  follow(colocation: Colocation): void {
    this.#colocation = colocation
  }

  wish(source: Resource, node: ClusterNode, before: number, after: number): void {
    if (this.#colocation === undefined || before === after) return
    const steps = this.#columns.get(source)?.get(node)?.steps.slice() ?? noSteps
    this.#wishes.push({ source, colocation: this.#colocation, node, after, steps })
  }

  drop(count: number): void {
    this.#wishes.length = count
  }

  mark(resource: Resource): () => void {
    const kept = copyOf(this.#columns.get(resource))
    return () => void this.#columns.set(resource, kept)
  }

  ignored(resource: Resource, colocation: Colocation): void {
    const known = this.#ignored.get(resource)
    if (known === undefined) this.#ignored.set(resource, [colocation])
    else if (!known.includes(colocation)) known.push(colocation)
  }

  rated(instance: Resource, cause: ScoreCause): void {
    const column = this.#ratings.get(instance) ?? { score: undefined, steps: [] }
    this.#ratings.set(instance, column)
    move(column, instance.priority, cause, noSteps)
  }

  /** What made the promotion score of an instance on a node. */
  promotion(instance: Resource, clone: Resource, node: ClusterNode): PromotionSteps {
    const rating = this.#ratings.get(instance)
    const own = rating?.steps ?? noSteps
    const score = rating?.score ?? -1
    // Only what is fit to be promoted is weighed with the wishes for its clone.
    if (score < 0) return { own, ofOthers: 0, shared: noSteps }
    const steps = this.#columns.get(clone)?.get(node)?.steps ?? noSteps
    const at = steps.findLastIndex(({ cause }) => cause.kind === 'promotion')
    const ratings = steps[at]
    // Without a step for the ratings they were nothing, or the score has begun anew since.
    if (ratings === undefined) return { own: score === 0 ? own : noSteps, ofOthers: 0, shared: steps }
    const ofOthers = ratings.gain >= infinity ? (score >= infinity ? 0 : infinity) : ratings.gain - score
    return { own, ofOthers, shared: [...steps.slice(0, at), ...steps.slice(at + 1)] }
  }

  settled(resource: Resource): void {
    this.#settled.set(resource, copyOf(this.#columns.get(resource)))
  }

  redefined(resource: Resource, node: ClusterNode, what: Redefinition['what']): void {
    if (!this.#redefined.has(resource)) this.#redefined.set(resource, { node, what })
  }

  /** What of a resource has changed since it was started. */
  redefinitionOf(resource: Resource): Redefinition | undefined {
    return this.#redefined.get(resource)
  }

  unpartnered(instance: Resource, first: Action, then: Action): void {
    this.#unpartnered.set(instance, { first, then })
  }

  /** The actions of two collectives by which an instance of one goes nowhere without one of the other. */
  partnerMissing(instance: Resource): Pair | undefined {
    return this.#unpartnered.get(instance)
  }

  #column(resource: Resource, node: ClusterNode): Column | undefined {
    return (this.#settled.get(resource) ?? this.#columns.get(resource))?.get(node)
  }

  #noteNode(resource: Resource, node: ClusterNode, cause: ScoreCause): void {
    const columns = this.#columns.get(resource) ?? new Map<ClusterNode, Column>()
    this.#columns.set(resource, columns)
    const column = columns.get(node) ?? { score: undefined, steps: [] }
    const score = resource.allowed.get(node)
    if (column.score === score) return
    columns.set(node, column)
    if (cause.kind === 'wish') {
      const wishes = this.#wishes.filter((wish) => wish.node === node)
      wishes.forEach((wish, i) => {
        const after = i === wishes.length - 1 ? score : wish.after
        move(column, after, { kind: 'wish', colocation: wish.colocation, source: wish.source }, wish.steps)
      })
    }
    move(column, score, cause, noSteps)
  }
}

function copyOf(columns: ReadonlyMap<ClusterNode, Column> | undefined): Map<ClusterNode, Column> {
  return new Map([...(columns ?? [])].map(([node, { score, steps }]) => [node, { score, steps: steps.slice() }]))
}

/** Brings a score to another value, by a step that makes it so. What no sum can do begins anew. */
function move(column: Column, score: number | undefined, cause: ScoreCause, source: readonly ScoreStep[]): void {
  const before = column.score
  if (before === score) return
  column.score = score
  if (score === undefined) {
    column.steps = []
    return
  }
  const isInfinite = Math.abs(score) >= infinity
  const isReachable = before === undefined || Math.abs(before) < infinity || score <= -infinity
  if (!isReachable) column.steps = []
  const gain = isInfinite || before === undefined || !isReachable ? clampScore(score) : score - before
  if (gain !== 0 || before === undefined) column.steps.push({ cause, gain, source })
}
