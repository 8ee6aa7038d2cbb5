import type { ClusterNode, Resource } from '../model/model.ts'
import type { Supposition } from './supposition.ts'

/** Something that would have to change. */
export type Change = {
  readonly text: string
  /** The resource that it is about, where that is another one than asked for. */
  readonly about?: string
  /** How to try it out; undefined where no supposition stands for it. */
  readonly suppose?: Supposition
  /** It comes down to having that resource there (or, without a node, anywhere). */
  readonly place?: {
    readonly resource: Resource
    readonly node: ClusterNode | undefined
    readonly isPromoted?: boolean
  }
  /** Nothing that could be changed makes it so. */
  readonly isImpossible?: boolean
  /** It may help, and is not known to be needed: told only where it was seen to. */
  readonly isGuess?: boolean
}
