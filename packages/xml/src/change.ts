import { invariant } from '@quorate/base'
import { withChildren, type XmlElement } from './element.ts'

/** Where a node stands below a root: the index at each level. Empty for the root itself. */
export type XmlPath = readonly number[]

/** The node at a path, or undefined where there is none. */
export function nodeAt(root: XmlElement, path: XmlPath): XmlElement | undefined {
  let node: XmlElement | undefined = root
  for (const index of path) node = node?.children[index]
  return node
}

/**
 * The root with the node at `path` changed; shares everything off the path, and is the same object when `change` answers
 * what it was given. A change that answers undefined removes the node.
 *
 * @throws InvariantViolation when there is no node at `path`, or the root would be removed
 */
export function updateAt(
  root: XmlElement,
  path: XmlPath,
  change: (node: XmlElement) => XmlElement | undefined,
): XmlElement {
  const changed = updateBelow(root, path, 0, change)
  invariant(changed !== undefined, 'the root of a document cannot be removed')
  return changed
}

function updateBelow(
  node: XmlElement,
  path: XmlPath,
  level: number,
  change: (node: XmlElement) => XmlElement | undefined,
): XmlElement | undefined {
  if (level === path.length) return change(node)
  const index = path[level] as number
  const below = node.children[index]
  invariant(below !== undefined, 'no node at this path', { path })
  const changed = updateBelow(below, path, level + 1, change)
  if (changed === below) return node
  const children = [...node.children]
  if (changed === undefined) children.splice(index, 1)
  else children[index] = changed
  return withChildren(node, children)
}

/** The root with the node at `path` replaced. */
export function replaceAt(root: XmlElement, path: XmlPath, node: XmlElement): XmlElement {
  return updateAt(root, path, () => node)
}

/** The root without the node at `path`. */
export function removeAt(root: XmlElement, path: XmlPath): XmlElement {
  return updateAt(root, path, () => undefined)
}

/** The root with a node added as a child of that at `path`: before position `at`, or last where there are fewer. */
export function insertAt(root: XmlElement, path: XmlPath, node: XmlElement, at = Number.POSITIVE_INFINITY): XmlElement {
  return updateAt(root, path, (parent) => {
    const children = [...parent.children]
    children.splice(Math.min(at, children.length), 0, node)
    return withChildren(parent, children)
  })
}

/** Document order of two places in the same document. */
export function comparePaths(a: XmlPath, b: XmlPath): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i += 1) {
    const order = (a[i] as number) - (b[i] as number)
    if (order !== 0) return order
  }
  return a.length - b.length
}
