/** A piece of an XPath expression. `at` is its offset in the expression, from 0. */
export type XPathToken =
  | { readonly kind: 'name'; readonly text: string; readonly at: number }
  | { readonly kind: 'literal'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly text: string; readonly at: number }
  | { readonly kind: 'symbol'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number }

/** Why an expression was refused. */
export class XPathError extends Error {
  override readonly name = 'XPathError'
  /** Offset of the trouble in the expression, from 0. */
  readonly at: number

  constructor(at: number, message: string) {
    super(`${message} at character ${at + 1}`)
    this.at = at
  }
}

/** Longest expression that is looked at; those of clients are a few hundred characters. */
export const xpathCharactersMax = 65_536

const token =
  /\s*(?:(?<name>[\p{L}_][\p{L}\p{N}_.-]*(?::(?!:)[\p{L}_][\p{L}\p{N}_.-]*)?)|(?<literal>"[^"]*"|'[^']*')|(?<number>\d+(?:\.\d*)?|\.\d+)|(?<symbol>\/\/|\.\.|::|!=|<=|>=|[/.@()[\],|=<>*+-]))/uy

/**
 * Cuts an expression into tokens.
 *
 * @throws XPathError on a character that starts no token, or an expression that is too long
 */
export function xpathTokens(expression: string): readonly XPathToken[] {
  if (expression.length > xpathCharactersMax) throw new XPathError(0, 'expression is too long')
  const out: XPathToken[] = []
  const end = expression.trimEnd().length
  let at = 0
  while (at < end) {
    token.lastIndex = at
    const found = token.exec(expression)
    if (found?.groups === undefined) throw new XPathError(at, 'unexpected character')
    const { name, literal, number, symbol } = found.groups
    if (name !== undefined) out.push({ kind: 'name', text: name, at })
    else if (literal !== undefined) out.push({ kind: 'literal', text: literal.slice(1, -1), at })
    else if (number !== undefined) out.push({ kind: 'number', text: number, at })
    else out.push({ kind: 'symbol', text: symbol as string, at })
    at = token.lastIndex
  }
  out.push({ kind: 'end', text: '', at: end })
  return out
}
