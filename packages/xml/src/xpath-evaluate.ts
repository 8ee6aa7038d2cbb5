import { isComment, type XmlElement } from './element.ts'
import { callFunction } from './xpath-function.ts'
import type { XPathNode } from './xpath-node.ts'
import type { Expression, NodeTest, Step } from './xpath-parser.ts'
import { XPathError } from './xpath-token.ts'
import { type Context, compareValues, toBoolean, toNumber, type XPathValue } from './xpath-value.ts'

/**
 * Value of an expression seen from the document node.
 *
 * @throws XPathError when an operation meets a value of the wrong kind
 */
export function evaluate(expression: Expression, document: XPathNode): XPathValue {
  return worth(expression, { node: document, position: 1, size: 1 })
}

function worth(expression: Expression, at: Context): XPathValue {
  switch (expression.kind) {
    case 'literal':
    case 'number':
      return expression.value
    case 'negative':
      return -toNumber(worth(expression.of, at))
    case 'path':
      return walk(expression.steps, [expression.absolute ? top(at.node) : at.node])
    case 'filter': {
      const nodes = nodesOf(worth(expression.of, at))
      return walk(expression.steps, filter(nodes, expression.predicates))
    }
    case 'call': {
      const args = expression.args.map((arg) => worth(arg, at))
      return callFunction(expression.name, args, at)
    }
    case 'binary':
      return binary(expression.op, expression.left, expression.right, at)
    default:
      return expression satisfies never
  }
}

function binary(op: string, left: Expression, right: Expression, at: Context): XPathValue {
  if (op === 'or') return toBoolean(worth(left, at)) || toBoolean(worth(right, at))
  if (op === 'and') return toBoolean(worth(left, at)) && toBoolean(worth(right, at))
  const a = worth(left, at)
  const b = worth(right, at)
  switch (op) {
    case '|':
      return [...new Set([...nodesOf(a), ...nodesOf(b)])]
    case '+':
      return toNumber(a) + toNumber(b)
    case '-':
      return toNumber(a) - toNumber(b)
    case '*':
      return toNumber(a) * toNumber(b)
    case 'div':
      return toNumber(a) / toNumber(b)
    case 'mod':
      return toNumber(a) % toNumber(b)
    default:
      return compareValues(op, a, b)
  }
}

function nodesOf(value: XPathValue): readonly XPathNode[] {
  if (typeof value === 'object') return value
  throw new XPathError(0, 'expected a set of nodes')
}

function top(node: XPathNode): XPathNode {
  let at = node
  while (at.parent !== undefined) at = at.parent
  return at
}

function walk(steps: readonly Step[], from: readonly XPathNode[]): readonly XPathNode[] {
  let nodes = from
  for (const step of steps) {
    if (nodes.length === 1) nodes = filter(onAxis(step, nodes[0] as XPathNode), step.predicates)
    else {
      const found = new Set<XPathNode>()
      for (const node of nodes) for (const hit of filter(onAxis(step, node), step.predicates)) found.add(hit)
      nodes = [...found]
    }
  }
  return nodes
}

function filter(nodes: readonly XPathNode[], predicates: readonly Expression[]): readonly XPathNode[] {
  let kept = nodes
  for (const predicate of predicates) {
    const size = kept.length
    kept = kept.filter((node, i) => {
      const value = worth(predicate, { node, position: i + 1, size })
      return typeof value === 'number' ? value === i + 1 : toBoolean(value)
    })
  }
  return kept
}

function passes(test: NodeTest, node: XPathNode): boolean {
  switch (test.test) {
    case 'node':
      return true
    case 'text':
      return node.kind === 'text'
    case 'comment':
      return node.kind === 'element' && isComment(node.element)
    case 'any':
      return node.kind === 'attribute' || (node.kind === 'element' && !isComment(node.element))
    case 'name':
      return node.kind === 'attribute'
        ? node.attribute?.name === test.name
        : node.kind === 'element' && node.element.name === test.name
    default:
      return test satisfies never
  }
}

/** Nodes of a step before its predicates, in the direction of the axis. */
function onAxis(step: Step, from: XPathNode): readonly XPathNode[] {
  const out: XPathNode[] = []
  const add = (node: XPathNode | undefined): void => {
    if (node !== undefined && passes(step.node, node)) out.push(node)
  }
  switch (step.axis) {
    case 'self':
      add(from)
      break
    case 'parent':
      add(from.parent)
      break
    case 'attribute':
      for (const node of from.attributes()) add(node)
      break
    case 'child':
      children(step.node, from, out)
      break
    case 'descendant-or-self':
      add(from)
      below(step.node, from, out)
      break
    case 'descendant':
      below(step.node, from, out)
      break
    case 'ancestor-or-self':
      for (let node: XPathNode | undefined = from; node !== undefined; node = node.parent) add(node)
      break
    case 'ancestor':
      for (let node = from.parent; node !== undefined; node = node.parent) add(node)
      break
    case 'following-sibling':
      siblings(from, 1, add)
      break
    case 'preceding-sibling':
      siblings(from, -1, add)
      break
    default:
      return step.axis satisfies never
  }
  return out
}

function siblings(from: XPathNode, direction: 1 | -1, add: (node: XPathNode) => void): void {
  const parent = from.parent
  if (parent === undefined || from.kind !== 'element') return
  for (let i = from.index + direction; i >= 0 && i < parent.childCount; i += direction) add(parent.childAt(i))
}

function children(test: NodeTest, from: XPathNode, out: XPathNode[]): void {
  const text = from.text()
  if (text !== undefined && passes(test, text)) out.push(text)
  for (let i = 0; i < from.childCount; i += 1) {
    if (test.test === 'name' && from.kind === 'element' && from.element.children[i]?.name !== test.name) continue
    const node = from.childAt(i)
    if (passes(test, node)) out.push(node)
  }
}

function below(test: NodeTest, from: XPathNode, out: XPathNode[]): void {
  if (test.test === 'name' && from.kind !== 'attribute' && from.kind !== 'text') {
    belowNamed(test.name, from, out)
    return
  }
  const text = from.text()
  if (text !== undefined && passes(test, text)) out.push(text)
  for (let i = 0; i < from.childCount; i += 1) {
    const node = from.childAt(i)
    if (passes(test, node)) out.push(node)
    below(test, node, out)
  }
}

/** Elements of a name below a node. Looks at the bare tree and makes places only for what it finds. */
function belowNamed(name: string, from: XPathNode, out: XPathNode[]): void {
  const trail: number[] = []
  const visit = (bare: XmlElement, index: number): void => {
    trail.push(index)
    if (bare.name === name) out.push(trail.reduce((node, step) => node.childAt(step), from))
    for (let i = 0; i < bare.children.length; i += 1) visit(bare.children[i] as XmlElement, i)
    trail.pop()
  }
  if (from.kind === 'document') visit(from.element, 0)
  else for (let i = 0; i < from.childCount; i += 1) visit(from.element.children[i] as XmlElement, i)
}
