/** What a contribution to a score, or a state that rules a node out, comes from. */
export type ReasonKind =
  | 'node-state'
  | 'opt-in'
  | 'location'
  | 'stickiness'
  | 'failures'
  | 'colocation'
  | 'group'
  | 'exclusive-discovery'
  | 'shutdown-lock'
  | 'instances'
  | 'others'

/** One reason for or against a node, in the words of the configuration. */
export type Reason = {
  readonly kind: ReasonKind
  /** Id of the constraint or rule, where there is one. */
  readonly constraint: string | undefined
  /** What it adds to the score; undefined for states that no score outweighs. */
  readonly score: number | undefined
  readonly text: string
  /** What would have to change for it to go away; undefined where it speaks for the node. */
  readonly remedy: string | undefined
}

/** Why a resource does or does not run on one node. */
export type NodeExplanation = {
  readonly node: string
  /** Final score of the resource there; undefined where the node is no candidate at all. */
  readonly score: number | undefined
  readonly isChosen: boolean
  readonly isRunningNow: boolean
  readonly reasons: readonly Reason[]
  /** What would have to change for the resource to run here; empty for the chosen node. */
  readonly remedies: readonly string[]
}

/** Something that the cluster is going to do about the resource, and why. */
export type DueAction = {
  readonly task: string
  readonly node: string | undefined
  readonly reason: string | undefined
  /** False: it waits for something that cannot happen now. */
  readonly isRunnable: boolean
  /** What would have to change for it to be done; undefined where it can be done, or nobody knows. */
  readonly remedy: string | undefined
}

/** Why a resource, or one instance of it, runs where it runs. */
export type InstanceExplanation = {
  readonly id: string
  readonly role: string
  readonly nextRole: string
  readonly runningOn: readonly string[]
  /** Node it is assigned to; undefined: it is to run nowhere. */
  readonly assigned: string | undefined
  /** What bears on the resource whatever the node: options, roles, tickets, quorum. */
  readonly general: readonly string[]
  readonly nodes: readonly NodeExplanation[]
  readonly actions: readonly DueAction[]
}

/** Why a node stands as it does. */
export type NodeStateExplanation = {
  readonly node: string
  /** Everything unusual about it, each with what would have to change. */
  readonly reasons: readonly Reason[]
  /** Whether it is to be fenced, and why; undefined: it is not. */
  readonly fencing: { readonly reason: string | undefined; readonly isPossible: boolean } | undefined
  /** Resources that run there. */
  readonly running: readonly string[]
  /** Resources that are to run there. */
  readonly next: readonly string[]
}

/** The whole answer to a question for a resource. */
export type Explanation = {
  readonly resource: string
  readonly instances: readonly InstanceExplanation[]
  /** Nodes that are to be fenced, and why: it holds back everything that ran there. */
  readonly fencing: readonly { readonly node: string; readonly reason: string | undefined }[]
}
