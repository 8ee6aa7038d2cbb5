/**
 * From how many elements of a shape on its expressions are worth being compiled: a CIB has tens of thousands of a few
 * shapes, and a few of many.
 */
const patternFrom = 3

/** Elements that are tried next after one of a shape. */
const followersMax = 6

/** Characters of a value that stands in the text as it is: printable ASCII, no reference, no end of the value. */
const plainValue = "[ !#-%'-;=-~]*"

/**
 * What the start tags of many elements have in common: the name, the names of the attributes in their order, and how the
 * tag ends. Tags of one shape are written alike: a space before each attribute, values in double quotes and without
 * references. So a whole tag is one regular expression, which V8 runs as machine code from the second time on.
 */
export class Shape {
  /** Its number in the outline. */
  readonly number: number
  readonly name: string
  readonly names: readonly string[]
  /** Whether the tag ends the element as well. */
  readonly isEmpty: boolean
  /** Shapes of the elements that came next, the last first: after the tag, and after the end of the element. */
  readonly afterTag: Shape[] = []
  readonly afterEnd: Shape[] = []
  readonly #places = new Map<string, number>()
  #uses = 0
  #tag: RegExp | undefined
  #values: RegExp | undefined

  constructor(number: number, name: string, names: readonly string[], isEmpty: boolean) {
    this.number = number
    this.name = name
    this.names = names
    this.isEmpty = isEmpty
    for (let i = 0; i < names.length; i += 1) this.#places.set(names[i] as string, i)
  }

  /** Counts an element that had to be read piece by piece. */
  counted(): void {
    this.#uses += 1
  }

  /** Place of an attribute among those of the shape. */
  placeOf(name: string): number | undefined {
    return this.#places.get(name)
  }

  /** Where what follows a tag of this shape and the white space behind it begins; -1 where no such tag begins there. */
  endOf(text: string, start: number): number {
    if (this.#uses < patternFrom) return -1
    this.#tag ??= this.pattern(() => plainValue, '[\\t\\n\\r ]*')
    this.#tag.lastIndex = start
    return this.#tag.test(text) ? this.#tag.lastIndex : -1
  }

  /** Values of a tag of this shape that begins there, from place 1 on. */
  values(text: string, start: number): readonly string[] {
    if (this.#uses < patternFrom) return this.#walked(text, start)
    this.#values ??= this.pattern(() => '([^"]*)')
    this.#values.lastIndex = start
    return this.#values.exec(text) ?? []
  }

  /** Value of the attribute at a place of a tag of this shape that begins there. */
  value(text: string, start: number, place: number): string {
    let to = start + this.name.length
    for (let i = 0; ; i += 1) {
      // A quote, a space, the name, an equals sign and a quote.
      const from = to + 4 + (this.names[i] as string).length
      to = text.indexOf('"', from)
      if (i === place) return text.slice(from, to)
    }
  }

  /** An expression for tags of this shape, given one for the value of each attribute. */
  pattern(valuesOf: (name: string) => string, behind = ''): RegExp {
    const attributes = this.names.map((name) => ` ${escaped(name)}="${valuesOf(name)}"`)
    return new RegExp(`<${escaped(this.name)}${attributes.join('')}${this.isEmpty ? '/' : ''}>${behind}`, 'y')
  }

  #walked(text: string, start: number): readonly string[] {
    return ['', ...this.names.map((_, place) => this.value(text, start, place))]
  }
}

/** Notes that one shape followed another. */
export function noteFollower(list: Shape[], shape: Shape): void {
  const at = list.indexOf(shape)
  if (at === 0) return
  if (at > 0) list.splice(at, 1)
  else if (list.length === followersMax) list.pop()
  list.unshift(shape)
}

/** A name of an element or attribute in a regular expression: full stops are all that means something else there. */
function escaped(name: string): string {
  return name.replaceAll('.', '\\.')
}
