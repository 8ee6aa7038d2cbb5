/**
 * A node of a document tree. Immutable: a change makes new elements along the path to it and shares the rest,
 * so that two versions of a CIB can be compared by identity first.
 */
export type XmlElement = {
  readonly name: string
  /** Name, value, name, value … in document order. Flat, because a CIB has a hundred thousand of them; see `attr`. */
  readonly attributes: readonly string[]
  readonly children: readonly XmlElement[]
  /** Character data directly inside, concatenated; empty for nearly every element of a CIB. Of a comment: its content. */
  readonly text: string
}
