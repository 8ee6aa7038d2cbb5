/** Why a text is not a document that this product accepts, and where. */
export type XmlError = {
  /** From 1. */
  readonly line: number
  /** In characters, from 1. */
  readonly column: number
  /** What was found and what was expected, without a full stop. */
  readonly reason: string
}

/** One line for people: `FILE:LINE:COLUMN: reason`. */
export function xmlErrorText(error: XmlError, file: string): string {
  return `${file}:${error.line}:${error.column}: ${error.reason}`
}
