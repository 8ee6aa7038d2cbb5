import type { XmlElement } from '@quorate/xml'
import type { FencingEvent, Snapshot } from '../api/index.ts'
import type { CleanUpStep } from '../cluster/change.ts'
import type { NamedNode } from '../cluster/cib-edit.ts'

/** Who is told of what is heard of a cluster. */
export type SourceListener = {
  /** The CIB as it is now; after a loss it also says that the contact is back. */
  readonly seen: (cib: XmlElement) => void
  /** The contact is lost; told once until it is back. */
  readonly lost: (reason: string) => void
  readonly fencing: (events: readonly FencingEvent[]) => void
  readonly localNode: (name: string) => void
}

/** What became of a change: 0, or a negative code of the CIB manager. */
export type ChangeResult = { readonly rc: number; readonly text: string }

/** Where the console has its cluster from, and how it changes it. */
export type ClusterSource = {
  readonly kind: Snapshot['source']['kind']
  readonly name: string
  /** False: nothing can be changed, and the next four are never called. */
  readonly isWritable: boolean
  /** Begins to follow. */
  readonly start: (listener: SourceListener) => void
  /** Applies a patchset, to the version that it is for and no other. */
  readonly patch: (diff: XmlElement) => Promise<ChangeResult>
  /** Takes constraints away; those that are gone already are no failure. */
  readonly removeConstraints: (ids: readonly string[]) => Promise<ChangeResult>
  readonly forgetAttribute: (node: NamedNode, name: string) => Promise<ChangeResult>
  /** Forgets failures; resolves once everything that is looked at again was told to be. */
  readonly cleanUp: (steps: readonly CleanUpStep[]) => Promise<ChangeResult>
  readonly close: () => void
}
