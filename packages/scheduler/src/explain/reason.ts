import type { ConstraintLoop } from './loops.ts'
import type { Setting } from './setting.ts'
import type { Supposition } from './supposition.ts'

/** What a contribution to a score, or a state that rules a node out, comes from. */
export type ReasonKind =
  | 'node-state'
  | 'node-score'
  | 'opt-in'
  | 'location'
  | 'health'
  | 'stickiness'
  | 'failures'
  | 'colocation'
  | 'group'
  | 'wish'
  | 'exclusive-discovery'
  | 'shutdown-lock'
  | 'ticket'
  | 'promotion'
  | 'instances'
  | 'capacity'
  | 'remote-node'
  | 'container'
  | 'unmanaged'
  | 'multiple-active'
  | 'orphan'
  | 'stopped'

/** One reason for or against a node, in the words of the configuration. */
export type Reason = {
  readonly kind: ReasonKind
  /** Id of the constraint, where there is one. */
  readonly constraint: string | undefined
  /** What it adds to the score; undefined for states that no score outweighs, and for what is said without one. */
  readonly score: number | undefined
  readonly text: string
  /** What would have to change for it to go away; undefined where it speaks for the node. */
  readonly remedy: string | undefined
  /** Values that it comes from, each with where it is set. */
  readonly settings: readonly Setting[]
  /** Of the wish of another resource, or of a clone for its instances: what their own score there is made of. */
  readonly because: readonly Reason[]
}

/** What bears on a resource whatever the node. */
export type GeneralReason = {
  readonly text: string
  /** Id of the constraint, where there is one. */
  readonly constraint: string | undefined
  /** Values that it comes from, each with where it is set. */
  readonly settings: readonly Setting[]
  /** What would have to change; undefined where that is said elsewhere or nothing is wrong. */
  readonly remedy: string | undefined
  /** True where it keeps the resource from running anywhere, or from being changed at all. */
  readonly isObstacle: boolean
}

/** One of the steps in which a remedy was seen to do. */
export type TriedStep = {
  /** What has to change at once. */
  readonly remedies: readonly string[]
  /** The same as a supposition, and as arguments of `quorate what-if`. */
  readonly suppose: Supposition
  readonly whatIf: readonly string[]
  /** What else that does in the end, in words; empty: nothing; undefined: not looked at, as in large clusters. */
  readonly effects: string | undefined
}

/** Why a resource does or does not run on one node. */
export type NodeExplanation = {
  readonly node: string
  /** Score of the resource there: the sum of the reasons' scores. Undefined where the node is no candidate at all. */
  readonly score: number | undefined
  readonly isChosen: boolean
  readonly isRunningNow: boolean
  /** In the order in which they count: minus infinity outweighs all, then infinity. */
  readonly reasons: readonly Reason[]
  /** The node that it goes to since that has more score, or comes first; undefined where something rules this one out. */
  readonly outdoneBy:
    | { readonly node: string; readonly score: number | undefined; readonly reasons: readonly Reason[] }
    | undefined
  /** What would have to change, all of it, for the resource to run here; empty where it is going to. */
  readonly remedies: readonly string[]
  /** False where the remedies are those of the first look, and more may come up once they are applied. */
  readonly isTried: boolean
  /** Why the remedies are not enough, as far as they could be tried; undefined where they are, or were not tried. */
  readonly shortfall: string | undefined
  /** The remedies as a supposition at whose end the resource was seen to run here; undefined: not tried, or none was found. */
  readonly suppose: Supposition | undefined
  /** The same as arguments of `quorate what-if`; of several steps all, with `--then` between them. */
  readonly whatIf: readonly string[] | undefined
  /** The steps in which it was seen to do: one, or two where no changes at once were found to do; else none. */
  readonly steps: readonly TriedStep[]
}

/** Why an instance of a promotable clone is to be promoted or not. */
export type PromotionExplanation = {
  readonly node: string
  readonly isPromoted: boolean
  /** Its promotion score: the sum of the reasons' scores. */
  readonly score: number
  readonly reasons: readonly Reason[]
  /** What keeps it from being promoted; undefined where it is to be. */
  readonly whyNot: string | undefined
  /** What would have to change, all of it, for it to be promoted. */
  readonly remedies: readonly string[]
  /** False where the remedies are those of the first look, and more may come up once they are applied. */
  readonly isTried: boolean
  /** Why the remedies are not enough, as far as they could be tried; undefined where they are, or were not tried. */
  readonly shortfall: string | undefined
  /** The remedies as a supposition at whose end it was seen to be promoted; undefined: not tried, or none was found. */
  readonly suppose: Supposition | undefined
  /** The same as arguments of `quorate what-if`; of several steps all, with `--then` between them. */
  readonly whatIf: readonly string[] | undefined
  /** The steps in which it was seen to do: one, or two where no changes at once were found to do; else none. */
  readonly steps: readonly TriedStep[]
}

/** What says that something is done after something else, or only with it. */
export type WaitStep = {
  readonly kind: 'order' | 'colocation' | 'group'
  /** Ids of the constraints that say so; of a group, its own. */
  readonly constraints: readonly string[]
  /** What has to be done first: the resource (undefined: several) and the task. */
  readonly resource: string | undefined
  readonly task: string
  /** All of it in words. */
  readonly text: string
}

/** What an action waits for in vain. */
export type Wait = {
  /** True where nothing else is waited for: the action itself is what cannot be done. */
  readonly isOwn: boolean
  /** What cannot be done, where the waiting begins: the resource (undefined: none by itself), the task, the node if it has one. */
  readonly resource: string | undefined
  readonly task: string
  readonly node: string | undefined
  /** Why it cannot be done. */
  readonly because: string | undefined
  /** Constraints and groups by which one leads to the other, from the action that waits; none where that is the resource's own. */
  readonly way: readonly WaitStep[]
  /** What cannot be done and why, in words; of the action itself, why. */
  readonly text: string
}

/** Something that the cluster is going to do about the resource, and why. */
export type DueAction = {
  /** `start`, `stop`, `promote`, `demote`, `migrate_to` or `migrate_from`. */
  readonly task: string
  readonly node: string | undefined
  /** As logs and transition graphs have it. */
  readonly reason: string | undefined
  /** The same in words; undefined where there is no reason. */
  readonly why: string | undefined
  /** Where it is done because of another action: what says so. */
  readonly follows: WaitStep | undefined
  /** False: it waits for something that cannot happen now. */
  readonly isRunnable: boolean
  /** What it waits for that cannot be done: where that begins, and why. */
  readonly waitsFor: readonly Wait[]
  /** What would have to change for it to be done. */
  readonly remedies: readonly string[]
}

/** How a resource, or one instance of it, stands, what is to become of it, and why: {@link InstanceExplanation} says the fields. */
export type InstanceOutcome = Omit<InstanceExplanation, 'promotion' | 'nodes'>

/** Why a resource, or one instance of it, runs where it runs. */
export type InstanceExplanation = {
  readonly id: string
  /** How it stands, what is to become of it, and why: the first line of the text. */
  readonly summary: string
  readonly role: string
  readonly nextRole: string
  /** True where a start of it has begun and no end of that is recorded: where it is said to run it may not yet. */
  readonly isStarting: boolean
  readonly runningOn: readonly string[]
  /** True where any other instance of its clone would do as well. */
  readonly isInterchangeable: boolean
  /** Node it is assigned to; undefined: it is to run nowhere. */
  readonly assigned: string | undefined
  /** The one reason that matters most for what is to become of it; undefined where it just stays. */
  readonly mainReason: string | undefined
  /** Where that begins, if with another resource: with which, and why that one is as it is. */
  readonly begins: { readonly id: string; readonly text: string } | undefined
  /** What bears on the resource whatever the node: options, roles, tickets, quorum. */
  readonly general: readonly GeneralReason[]
  /** Undefined for what cannot be promoted, or is not to run. */
  readonly promotion: PromotionExplanation | undefined
  readonly nodes: readonly NodeExplanation[]
  readonly actions: readonly DueAction[]
}

/** Why a node stands as it does. */
export type NodeStateExplanation = {
  readonly node: string
  /** True where it is a member, or its connection runs, whatever else is said of it. */
  readonly isOnline: boolean
  /** Everything unusual about it, each with what would have to change. */
  readonly reasons: readonly Reason[]
  /** Whether it is to be fenced, and why; undefined: it is not. */
  readonly fencing:
    | {
        readonly reason: string | undefined
        readonly isPossible: boolean
        /** What it takes to fence it, where that is not possible. */
        readonly remedy: string | undefined
      }
    | undefined
  /** Resources that run there. */
  readonly running: readonly string[]
  /** Resources that are to run there. */
  readonly next: readonly string[]
}

/** Something about the configuration that an administrator should know. */
export type ConfigurationProblem = { readonly kind: 'error' | 'warning' | 'loop'; readonly text: string }

/** The whole answer to a question for a resource. */
export type Explanation = {
  readonly resource: string
  readonly instances: readonly InstanceExplanation[]
  /** Nodes that are to be fenced, and why: it holds back everything that ran there. */
  readonly fencing: readonly { readonly node: string; readonly reason: string | undefined }[]
  /** Loops of constraints that the resource, or a part of it, is in. */
  readonly loops: readonly ConstraintLoop[]
  /** How the node of that name stands, where there is one: a remote node is called as its connection is. */
  readonly asNode: NodeStateExplanation | undefined
}
