/** Bounds of what a document may hold. Each is checked while reading, before the excess is built. */
export type XmlLimits = {
  /** Characters of the whole text. */
  readonly charactersMax: number
  /** Elements inside one another. libxml2's own limit, so that nothing is accepted that a peer would refuse. */
  readonly depthMax: number
  /** Elements and comments together. */
  readonly nodesMax: number
  /** Attributes of one element. */
  readonly attributesMax: number
  /** Characters of one attribute value; libxml2's own limit. */
  readonly valueCharactersMax: number
}

/** Far above any cluster, far below what would exhaust a daemon. */
export const xmlLimits: XmlLimits = {
  charactersMax: 256 * 1024 * 1024,
  depthMax: 256,
  nodesMax: 8_000_000,
  attributesMax: 4_096,
  valueCharactersMax: 10_000_000,
}
