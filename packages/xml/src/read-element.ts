import type { AttributeColumns } from './attribute-columns.ts'
import type { XmlElement } from './node.ts'

/**
 * An element as it was read: its attributes stay numbers until they are asked for. Not to be copied with `{ ...of }`,
 * which would leave them behind.
 */
export class ReadElement implements XmlElement {
  readonly name: string
  readonly children: readonly XmlElement[]
  readonly text: string
  readonly #columns: AttributeColumns
  readonly #first: number
  readonly #last: number
  #flat: readonly string[] | undefined

  constructor(name: string, children: readonly XmlElement[], columns: AttributeColumns, first: number, last: number) {
    this.name = name
    this.children = children
    this.text = ''
    this.#columns = columns
    this.#first = first
    this.#last = last
  }

  get attributes(): readonly string[] {
    this.#flat ??= this.#columns.flat(this.#first, this.#last)
    return this.#flat
  }

  /** Value of one attribute, the others untouched. */
  value(name: string): string | undefined {
    return this.#columns.find(name, this.#first, this.#last)
  }
}
