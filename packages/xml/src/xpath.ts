import { failed, ok, type Result } from '@quorate/base'
import { comparePaths, type XmlPath } from './change.ts'
import type { XmlElement } from './element.ts'
import { evaluate } from './xpath-evaluate.ts'
import { documentOf } from './xpath-node.ts'
import { type Expression, parseXPath } from './xpath-parser.ts'
import { XPathError } from './xpath-token.ts'

/** A node that an expression selected. */
export type XPathMatch = {
  /** Where the element stands; of an attribute: its element. */
  readonly path: XmlPath
  /** The element or comment; of an attribute: its element. */
  readonly element: XmlElement
  /** Set when the expression selected an attribute. */
  readonly attribute?: { readonly name: string; readonly value: string }
}

/** A compiled expression, to be used on many documents. */
export type XPath = { readonly text: string; readonly expression: Expression }

/** Compiles an XPath 1.0 expression. */
export function compileXPath(text: string): Result<XPath, XPathError> {
  try {
    return ok({ text, expression: parseXPath(text) })
  } catch (fault) {
    if (fault instanceof XPathError) return failed(fault)
    throw fault
  }
}

/**
 * Nodes of the document with the element `root` that an expression selects, in document order, each once. The document
 * itself (`/`) stands for its element.
 * An expression that is not a set of nodes (`1 + 1`) is refused like one that cannot be parsed.
 */
export function select(root: XmlElement, path: string | XPath): Result<readonly XPathMatch[], XPathError> {
  const compiled = typeof path === 'string' ? compileXPath(path) : ok(path)
  if (!compiled.ok) return compiled
  try {
    const value = evaluate(compiled.value.expression, documentOf(root))
    if (typeof value !== 'object') return failed(new XPathError(0, 'expression selects no nodes'))
    const matches = value.map((node) => match(node.path(), node.element, node.attribute))
    return ok(matches.sort((a, b) => comparePaths(a.path, b.path)))
  } catch (fault) {
    if (fault instanceof XPathError) return failed(fault)
    throw fault
  }
}

function match(path: XmlPath, element: XmlElement, attribute: XPathMatch['attribute']): XPathMatch {
  return attribute === undefined ? { path, element } : { path, element, attribute }
}

/** The address of an element as Pacemaker writes it: `/cib/configuration/resources/primitive[@id='a']`. */
export function addressOf(root: XmlElement, path: XmlPath): string {
  let node: XmlElement | undefined = root
  let out = step(root)
  for (const index of path) {
    node = node?.children[index]
    if (node === undefined) return out
    out += step(node)
  }
  return out
}

function step(node: XmlElement): string {
  const at = node.attributes.indexOf('id')
  const name = node.name === '#comment' ? 'comment' : node.name
  return at >= 0 && at % 2 === 0 ? `/${name}[@id='${node.attributes[at + 1]}']` : `/${name}`
}
