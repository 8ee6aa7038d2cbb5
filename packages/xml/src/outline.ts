import { Shape } from './shape.ts'

/**
 * Values per node: number of its shape (or one of the two below), the piece of the text that it begins in, where in the
 * piece, the node after it.
 */
const stride = 4

/** In the place of a shape: a comment, and an element whose attributes are not in the text as they are. */
const commentShape = -1
const oddShape = -2

/** Nodes that room is made for at first. */
const firstRoom = 64

/** Values up to this length are shared between elements: a CIB repeats a few thousand short texts a million times. */
const internedCharactersMax = 24

/** An element with references in its values, or written in another way than most. */
export type OddElement = { readonly name: string; readonly attributes: readonly string[] }

/**
 * The nodes of a document as rows of integers beside its text, in document order. A CIB has hundreds of thousands of
 * elements and a million attributes, of which a decision reads a part: both become objects only when somebody asks.
 * The text may be in pieces, none of which ends inside of a tag or a comment.
 */
export class Outline {
  readonly #pieces: string[] = []
  readonly #shapes: Shape[] = []
  readonly #shapesByKey = new Map<string, Shape>()
  readonly #odd = new Map<number, OddElement>()
  readonly #interned = new Map<string, string>()
  #rows = new Int32Array(stride * firstRoom)
  #length = 0

  /** Adds a piece of the text: nodes that are added from now on begin in it. */
  addPiece(text: string): void {
    this.#pieces.push(text)
  }

  /** The text so far. */
  get pieces(): readonly string[] {
    return this.#pieces
  }

  /** Number of nodes so far: that of the next one. */
  get length(): number {
    return this.#length
  }

  /** The shape with that name and those attributes, and that end. */
  shape(name: string, names: readonly string[], isEmpty: boolean): Shape {
    const key = `${isEmpty ? '/' : ''}${name} ${names.join(' ')}`
    const known = this.#shapesByKey.get(key)
    if (known !== undefined) return known
    const made = new Shape(this.#shapes.length, name, names, isEmpty)
    this.#shapesByKey.set(key, made)
    this.#shapes.push(made)
    return made
  }

  /** Adds an element of a shape that begins there in the last piece; it ends where the next node begins until {@link end} says otherwise. */
  add(shape: Shape, start: number): number {
    return this.#push(shape.number, start)
  }

  #push(shape: number, start: number): number {
    const at = stride * this.#length
    if (at + stride > this.#rows.length) this.#grow()
    this.#rows[at] = shape
    this.#rows[at + 1] = this.#pieces.length - 1
    this.#rows[at + 2] = start
    this.#length += 1
    this.#rows[at + 3] = this.#length
    return this.#length - 1
  }

  addOdd(element: OddElement, start: number): number {
    const node = this.#push(oddShape, start)
    this.#odd.set(node, element)
    return node
  }

  addComment(start: number): void {
    this.#push(commentShape, start)
  }

  /** Ends an element: all nodes that were added since are below it. */
  end(node: number): void {
    this.#rows[stride * node + 3] = this.#length
  }

  /** The node behind an element and all that is below it. */
  after(node: number): number {
    return this.#rows[stride * node + 3] as number
  }

  /** The piece of the text that a node begins in. */
  textOf(node: number): string {
    return this.#pieces[this.#rows[stride * node + 1] as number] as string
  }

  /** Where in that piece it begins. */
  startOf(node: number): number {
    return this.#rows[stride * node + 2] as number
  }

  isComment(node: number): boolean {
    return this.#rows[stride * node] === commentShape
  }

  /** What is inside a comment. */
  commentText(node: number): string {
    const text = this.textOf(node)
    const from = this.startOf(node) + 4
    return text.slice(from, text.indexOf('--', from))
  }

  /** The shape of an element; undefined where its attributes are not in the text as they are. */
  shapeOf(node: number): Shape | undefined {
    const number = this.#rows[stride * node] as number
    return number === oddShape ? undefined : this.#shapes[number]
  }

  nameOf(node: number): string {
    return this.shapeOf(node)?.name ?? this.#odd.get(node)?.name ?? ''
  }

  /** Attributes of an element as names and values in turn. */
  flat(node: number, isShared: boolean): readonly string[] {
    const shape = this.shapeOf(node)
    if (shape === undefined) return this.#odd.get(node)?.attributes ?? none
    const { names } = shape
    if (names.length === 0) return none
    const values = shape.values(this.textOf(node), this.startOf(node))
    const made: string[] = []
    for (let i = 0; i < names.length; i += 1) {
      const value = values[i + 1] as string
      made.push(names[i] as string, isShared ? this.#shared(value) : value)
    }
    return made
  }

  #shared(value: string): string {
    if (value.length > internedCharactersMax) return value
    const known = this.#interned.get(value)
    if (known !== undefined) return known
    this.#interned.set(value, value)
    return value
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#rows.length)
    larger.set(this.#rows)
    this.#rows = larger
  }
}

const none: readonly never[] = []
