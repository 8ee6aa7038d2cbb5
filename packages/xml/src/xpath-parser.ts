import { XPathError, type XPathToken, xpathTokens } from './xpath-token.ts'

/** Directions in which a step may go (XPath 1.0, 2.2), but for namespaces, which a CIB does not have. */
export type Axis =
  | 'ancestor'
  | 'ancestor-or-self'
  | 'attribute'
  | 'child'
  | 'descendant'
  | 'descendant-or-self'
  | 'following-sibling'
  | 'parent'
  | 'preceding-sibling'
  | 'self'

/** What a node must be: of a name, `*` (any element or attribute), any node, a comment, character data. */
export type NodeTest =
  | { readonly test: 'name'; readonly name: string }
  | { readonly test: 'any' | 'node' | 'comment' | 'text' }

/** One step of a path. */
export type Step = { readonly axis: Axis; readonly node: NodeTest; readonly predicates: readonly Expression[] }

/** A parsed expression. */
export type Expression =
  | { readonly kind: 'path'; readonly absolute: boolean; readonly steps: readonly Step[] }
  | {
      readonly kind: 'filter'
      readonly of: Expression
      readonly predicates: readonly Expression[]
      readonly steps: readonly Step[]
    }
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'negative'; readonly of: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'binary'; readonly op: BinaryOp; readonly left: Expression; readonly right: Expression }

/** Operators between two operands, as written. */
export type BinaryOp = 'or' | 'and' | '=' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | 'div' | 'mod' | '|'

const axes: ReadonlySet<string> = new Set<Axis>([
  'ancestor',
  'ancestor-or-self',
  'attribute',
  'child',
  'descendant',
  'descendant-or-self',
  'following-sibling',
  'parent',
  'preceding-sibling',
  'self',
])

/** Functions by name, with the least and the most arguments. */
export const xpathFunctions: Readonly<Record<string, readonly [least: number, most: number]>> = {
  boolean: [1, 1],
  concat: [2, 64],
  contains: [2, 2],
  count: [1, 1],
  false: [0, 0],
  last: [0, 0],
  'local-name': [0, 1],
  name: [0, 1],
  'normalize-space': [0, 1],
  not: [1, 1],
  number: [0, 1],
  position: [0, 0],
  'starts-with': [2, 2],
  string: [0, 1],
  'string-length': [0, 1],
  'substring-after': [2, 2],
  'substring-before': [2, 2],
  translate: [3, 3],
  true: [0, 0],
}

/** Operators from the loosest to the tightest. */
const levels: readonly (readonly BinaryOp[])[] = [
  ['or'],
  ['and'],
  ['=', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', 'div', 'mod'],
]

/** How deep parentheses and predicates may nest. */
export const xpathDepthMax = 64

const everything: Step = { axis: 'descendant-or-self', node: { test: 'node' }, predicates: [] }

/**
 * Parses an XPath 1.0 expression (without variables, namespaces and a few functions nobody asks a CIB for).
 *
 * @throws XPathError
 */
export function parseXPath(expression: string): Expression {
  const parser = new Parser(xpathTokens(expression))
  return parser.whole()
}

class Parser {
  readonly #tokens: readonly XPathToken[]
  #next = 0
  #depth = 0

  constructor(tokens: readonly XPathToken[]) {
    this.#tokens = tokens
  }

  whole(): Expression {
    const found = this.#binary(0)
    if (this.#peek().kind !== 'end') this.#refuse('expected the end')
    return found
  }

  #peek(ahead = 0): XPathToken {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as XPathToken
  }

  #is(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead)
    return token.kind === 'symbol' && token.text === text
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false
    this.#next += 1
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#refuse(`expected '${text}'`)
  }

  #refuse(message: string): never {
    throw new XPathError(this.#peek().at, message)
  }

  #binary(level: number): Expression {
    const ops = levels[level]
    if (ops === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const token = this.#peek()
      const op = ops.find((item) => item === token.text)
      if (op === undefined || token.kind === 'literal') return left
      this.#next += 1
      left = { kind: 'binary', op, left, right: this.#binary(level + 1) }
    }
  }

  #unary(): Expression {
    if (this.#take('-')) return this.#nested(() => ({ kind: 'negative', of: this.#unary() }))
    let left = this.#path()
    while (this.#take('|')) left = { kind: 'binary', op: '|', left, right: this.#path() }
    return left
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1
    if (this.#depth > xpathDepthMax) this.#refuse('expression nests too deep')
    const found = read()
    this.#depth -= 1
    return found
  }

  #path(): Expression {
    const primary = this.#primary()
    if (primary === undefined) return this.#locationPath()
    const predicates = this.#predicates()
    const steps: Step[] = []
    if (this.#is('/') || this.#is('//')) this.#relative(steps)
    if (predicates.length === 0 && steps.length === 0) return primary
    return { kind: 'filter', of: primary, predicates, steps }
  }

  #primary(): Expression | undefined {
    const token = this.#peek()
    if (token.kind === 'literal' || token.kind === 'number') {
      this.#next += 1
      return token.kind === 'literal'
        ? { kind: 'literal', value: token.text }
        : { kind: 'number', value: Number(token.text) }
    }
    if (this.#take('(')) {
      const inner = this.#nested(() => this.#binary(0))
      this.#expect(')')
      return inner
    }
    const isCall = token.kind === 'name' && this.#is('(', 1) && !['node', 'text', 'comment'].includes(token.text)
    return isCall ? this.#call(token) : undefined
  }

  #call(token: XPathToken): Expression {
    const arity = Object.hasOwn(xpathFunctions, token.text) ? xpathFunctions[token.text] : undefined
    if (arity === undefined) this.#refuse(`no function '${token.text}'`)
    this.#next += 2
    const args: Expression[] = []
    while (!this.#is(')')) {
      if (args.length > 0) this.#expect(',')
      args.push(this.#nested(() => this.#binary(0)))
    }
    this.#next += 1
    if (args.length < arity[0] || args.length > arity[1]) this.#refuse(`wrong number of arguments of '${token.text}'`)
    return { kind: 'call', name: token.text, args }
  }

  #locationPath(): Expression {
    const steps: Step[] = []
    const absolute = this.#is('/') || this.#is('//')
    if (!absolute) {
      steps.push(this.#step())
      this.#relative(steps)
    } else if (this.#is('/') && !this.#startsStep(1)) this.#next += 1
    else this.#relative(steps)
    return { kind: 'path', absolute, steps: joined(steps) }
  }

  #startsStep(ahead: number): boolean {
    return this.#peek(ahead).kind === 'name' || ['*', '@', '.', '..'].some((text) => this.#is(text, ahead))
  }

  #relative(steps: Step[]): void {
    for (;;) {
      if (this.#take('//')) steps.push(everything)
      else if (!this.#take('/')) return
      steps.push(this.#step())
    }
  }

  #step(): Step {
    if (this.#take('.')) return { axis: 'self', node: { test: 'node' }, predicates: [] }
    if (this.#take('..')) return { axis: 'parent', node: { test: 'node' }, predicates: [] }
    let axis: Axis = 'child'
    const token = this.#peek()
    if (this.#take('@')) axis = 'attribute'
    else if (token.kind === 'name' && this.#is('::', 1)) {
      if (!axes.has(token.text)) this.#refuse(`no axis '${token.text}'`)
      axis = token.text as Axis
      this.#next += 2
    }
    const node = this.#nodeTest()
    return { axis, node, predicates: this.#predicates() }
  }

  #nodeTest(): NodeTest {
    if (this.#take('*')) return { test: 'any' }
    const token = this.#peek()
    if (token.kind !== 'name') this.#refuse('expected a name')
    this.#next += 1
    if (!this.#take('(')) return { test: 'name', name: token.text }
    this.#expect(')')
    if (token.text === 'node' || token.text === 'text' || token.text === 'comment') return { test: token.text }
    return this.#refuse(`no kind of node '${token.text}'`)
  }

  #predicates(): readonly Expression[] {
    const out: Expression[] = []
    while (this.#take('[')) {
      out.push(this.#nested(() => this.#binary(0)))
      this.#expect(']')
    }
    return out
  }
}

/** `//name[…]` as one descendant step where its predicates do not count positions: the same nodes, found in one walk. */
function joined(steps: readonly Step[]): readonly Step[] {
  const out: Step[] = []
  for (let i = 0; i < steps.length; i += 1) {
    const step = steps[i] as Step
    const following = steps[i + 1]
    if (step === everything && following?.axis === 'child' && !following.predicates.some(isPositional)) {
      out.push({ ...following, axis: 'descendant' })
      i += 1
    } else out.push(step)
  }
  return out
}

function isPositional(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
    case 'negative':
      return true
    case 'literal':
    case 'path':
      return false
    case 'filter':
      return isPositional(expression.of)
    case 'call':
      return (
        ['position', 'last', 'count', 'number', 'string-length'].includes(expression.name) ||
        expression.args.some(isPositional)
      )
    case 'binary':
      return (
        ['+', '-', '*', 'div', 'mod'].includes(expression.op) ||
        isPositional(expression.left) ||
        isPositional(expression.right)
      )
    default:
      return expression satisfies never
  }
}
