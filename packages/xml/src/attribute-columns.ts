/** Values per attribute in the columns: number of its name, where its value begins and ends in the text. */
const stride = 3

/** Values up to this length are shared between elements: a CIB repeats a few thousand short texts a million times. */
const internedCharactersMax = 24

/** Characters of a document for each attribute that room is made for at first: CIBs have one in about 25. */
const charactersPerAttribute = 24

/**
 * Attributes of a whole document as columns of numbers beside its text. A CIB has a million of them, of which a
 * decision reads a part: a value becomes a string only when somebody asks for it.
 */
export class AttributeColumns {
  readonly #text: string
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #interned = new Map<string, string>()
  /** Values that do not stand in the text as they are, by attribute. */
  readonly #decoded = new Map<number, string>()
  #columns: Int32Array
  #length = 0

  constructor(text: string) {
    this.#text = text
    this.#columns = new Int32Array(stride * (Math.ceil(text.length / charactersPerAttribute) + 1))
  }

  /** Number of attributes so far: the number of the next one. */
  get length(): number {
    return this.#length
  }

  /** Number of a name, which gets one where it has none yet. */
  numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.#names.length)
    this.#names.push(name)
    return this.#names.length - 1
  }

  /** The name of a number. */
  nameOf(number: number): string {
    return this.#names[number] ?? ''
  }

  /** Adds an attribute; where its value has to be told apart from the text, with the value. */
  add(name: number, start: number, end: number, decoded: string | undefined): void {
    const at = stride * this.#length
    if (at + stride > this.#columns.length) this.#grow()
    if (decoded !== undefined) this.#decoded.set(this.#length, decoded)
    this.#columns[at] = name
    this.#columns[at + 1] = start
    this.#columns[at + 2] = decoded === undefined ? end : -1
    this.#length += 1
  }

  /** Value of the attribute of that name among those from `first` to before `last`. */
  find(name: string, first: number, last: number): string | undefined {
    const number = this.#numbers.get(name)
    if (number === undefined) return undefined
    const columns = this.#columns
    for (let i = first; i < last; i += 1) if (columns[stride * i] === number) return this.#value(i)
    return undefined
  }

  /** The attributes from `first` to before `last` as names and values in turn. */
  flat(first: number, last: number): readonly string[] {
    const made: string[] = []
    for (let i = first; i < last; i += 1) {
      made.push(this.nameOf(this.#columns[stride * i] ?? 0), this.#shared(this.#value(i)))
    }
    return made
  }

  #value(i: number): string {
    const start = this.#columns[stride * i + 1] ?? 0
    const end = this.#columns[stride * i + 2] ?? 0
    return end < 0 ? (this.#decoded.get(i) ?? '') : this.#text.slice(start, end)
  }

  #shared(value: string): string {
    if (value.length > internedCharactersMax) return value
    const known = this.#interned.get(value)
    if (known !== undefined) return known
    this.#interned.set(value, value)
    return value
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#columns.length)
    larger.set(this.#columns)
    this.#columns = larger
  }
}
