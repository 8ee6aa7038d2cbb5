const classes: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9a-fA-F',
  print: '\\x20-\\x7e',
  graph: '\\x21-\\x7e',
  cntrl: '\\x00-\\x1f\\x7f',
}

/** Longest pattern that is translated. */
export const patternLengthMax = 4096

/**
 * A POSIX extended regular expression as a JavaScript one; undefined where it is not valid. Alternatives are tried in
 * order and not for the longest match, which can only show in sub-matches.
 */
export function parsePattern(pattern: string): RegExp | undefined {
  if (pattern.length > patternLengthMax) return undefined
  let out = ''
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string
    if (char === '[') {
      const bracket = bracketExpression(pattern, at)
      if (bracket === undefined) return undefined
      out += bracket.text
      at = bracket.end
    } else if (char === '\\') {
      at += 1
      const next = pattern[at]
      if (next === undefined) return undefined
      out += /[wWsSbB<>]/.test(next) ? gnuEscape(next) : `\\${next.replace(/[a-zA-Z0-9]/, (c) => `x${hex(c)}`)}`
    } else if (char === '{' && !/^\{\d*,?\d*\}/.test(pattern.slice(at))) out += '\\{'
    else if (char === '(' && pattern[at + 1] === '?') return undefined
    else out += char
  }
  try {
    return new RegExp(out)
  } catch {
    return undefined
  }
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0')
}

function gnuEscape(char: string): string {
  return char === '<' || char === '>' ? '\\b' : `\\${char}`
}

function bracketExpression(
  pattern: string,
  start: number,
): { readonly text: string; readonly end: number } | undefined {
  let at = start + 1
  let out = '['
  if (pattern[at] === '^') {
    out += '^'
    at += 1
  }
  let first = true
  for (; at < pattern.length; at += 1) {
    const char = pattern[at] as string
    if (char === ']' && !first) return { text: `${out}]`, end: at }
    first = false
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at))
    if (named !== null) {
      const members = classes[named[1] as string]
      if (members === undefined) return undefined
      out += members
      at += named[0].length - 1
    } else out += /[\\[\]^]/.test(char) ? `\\${char}` : char
  }
  return undefined
}
