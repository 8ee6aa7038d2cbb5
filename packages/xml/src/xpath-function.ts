import { commentName } from './element.ts'
import type { XPathNode } from './xpath-node.ts'
import { XPathError } from './xpath-token.ts'
import { type Context, toBoolean, toNumber, toText, type XPathValue } from './xpath-value.ts'

type Args = readonly XPathValue[]
type Body = (args: Args, at: Context) => XPathValue

/** First argument as text, or the text of the node at hand. */
function subject(args: Args, at: Context): string {
  return toText(args[0] ?? [at.node])
}

function text(args: Args, index: number): string {
  return toText(args[index] ?? '')
}

function nameOf(args: Args, at: Context): string {
  const set = args[0] ?? [at.node]
  if (typeof set !== 'object') throw new XPathError(0, 'expected a set of nodes')
  const first: XPathNode | undefined = set[0]
  if (first === undefined || first.kind === 'document' || first.kind === 'text') return ''
  if (first.attribute !== undefined) return first.attribute.name
  return first.element.name === commentName ? '' : first.element.name
}

function count(args: Args): number {
  const set = args[0]
  if (typeof set !== 'object') throw new XPathError(0, 'expected a set of nodes')
  return set.length
}

const bodies: Readonly<Record<string, Body>> = {
  boolean: (args) => toBoolean(args[0] ?? false),
  concat: (args) => args.map(toText).join(''),
  contains: (args) => text(args, 0).includes(text(args, 1)),
  count,
  false: () => false,
  last: (_, at) => at.size,
  'local-name': (args, at) => nameOf(args, at).replace(/^.*:/, ''),
  name: nameOf,
  'normalize-space': (args, at) => subject(args, at).trim().replace(/\s+/g, ' '),
  not: (args) => !toBoolean(args[0] ?? false),
  number: (args, at) => toNumber(args[0] ?? [at.node]),
  position: (_, at) => at.position,
  'starts-with': (args) => text(args, 0).startsWith(text(args, 1)),
  string: subject,
  'string-length': (args, at) => [...subject(args, at)].length,
  'substring-after': (args) => {
    const at = text(args, 0).indexOf(text(args, 1))
    return at < 0 ? '' : text(args, 0).slice(at + text(args, 1).length)
  },
  'substring-before': (args) => text(args, 0).slice(0, Math.max(0, text(args, 0).indexOf(text(args, 1)))),
  translate: (args) => translated(text(args, 0), text(args, 1), text(args, 2)),
  true: () => true,
}

/** Each character of `from` replaced by the one at its place in `to`, or left out where there is none. */
function translated(of: string, from: string, to: string): string {
  const [before, after] = [[...from], [...to]]
  return [...of]
    .map((char) => {
      const place = before.indexOf(char)
      return place < 0 ? char : (after[place] ?? '')
    })
    .join('')
}

/**
 * Calls a function of XPath 1.0. The parser has checked its name and the number of its arguments.
 *
 * @throws XPathError when an argument should be a set of nodes and is not
 */
export function callFunction(name: string, args: Args, at: Context): XPathValue {
  const body = bodies[name]
  if (body === undefined) throw new XPathError(0, `no function '${name}'`)
  return body(args, at)
}
