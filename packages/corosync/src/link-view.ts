import type { NodeId } from '@quorate/base'
import type { CmapKey } from './conf/cmap-keys.ts'

/** A link to a node as administrators see it. */
export type LinkState = {
  /** 0..7. */
  readonly link: number
  readonly isConnected: boolean
  /** Bytes of a frame that go into one packet. */
  readonly mtu: number
  /** Own address of the link. */
  readonly source: string
  /** The node's. */
  readonly destination: string
}

/** What a transport with links tells of them; one that keeps none, as udpu, has no view. */
export interface LinkView {
  /** The links to a node, this one too, ascending; undefined for a node that is not known. */
  linksTo(node: NodeId): readonly LinkState[] | undefined
  /** Keys of cmap's map of statistics. */
  statistics(): readonly CmapKey[]
}
