import { failed, ok, type Result } from '@quorate/base'
import { visibleText } from './visible-text.ts'

/** A value of fence_virt.conf: `key = "text";`. Lines and columns count from 1. */
export type ConfValue = { readonly key: string; readonly text: string; readonly line: number }

/** A section of fence_virt.conf: `name { ... }` or `name = "label" { ... }`. */
export type ConfNode = {
  readonly name: string
  readonly label: string | undefined
  readonly nodes: readonly ConfNode[]
  readonly values: readonly ConfValue[]
  readonly line: number
}

/** What is wrong with a configuration, and where. `key`: the section or key, slashes between levels. */
export type ConfFault = { readonly line: number; readonly key: string; readonly why: string }

/** Bytes of a file that is read at all, and levels of sections in it. */
export const confSizeMax = 1_048_576
export const confDepthMax = 16

type Token =
  | { readonly kind: 'word' | 'text'; readonly text: string; readonly line: number }
  | { readonly kind: '{' | '}' | '=' | ';' | 'end'; readonly line: number }

type Open = { name: string; label: string | undefined; line: number; nodes: ConfNode[]; values: ConfValue[] }

/**
 * Reads the grammar of fence_virt.conf(5): identifiers are anything but blanks and `{};="`, values stand in double
 * quotes without escapes and may span lines, `#` begins a comment. The root of the tree has an empty name.
 */
export function parseConf(source: string): Result<ConfNode, ConfFault> {
  if (source.length > confSizeMax) return failed({ line: 1, key: '', why: `longer than ${confSizeMax} characters` })
  const tokens = tokensOf(source)
  if (!tokens.ok) return tokens
  return new TreeBuilder(tokens.value).build()
}

/** How a fault is shown: with the file before it, in one line, and with control characters made visible. */
export function describeFault(file: string, fault: ConfFault): string {
  return visibleText(`${file}:${fault.line}: ${fault.key === '' ? '' : `${fault.key}: `}${fault.why}`)
}

function tokensOf(source: string): Result<readonly Token[], ConfFault> {
  const tokens: Token[] = []
  const pattern = /([ \t\n]+)|(#[^\n]*)|([{}=;])|"([^"]*)"|([^ \t\n{};="#][^ \t\n{};="]*)/gy
  let line = 1
  let at = 0
  while (at < source.length) {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found === null) {
      const why = source[at] === '"' ? 'a value begins here and its closing quote is missing' : 'a stray character'
      return failed({ line, key: '', why })
    }
    const [whole, , , mark, text, word] = found
    if (mark === '{' || mark === '}' || mark === '=' || mark === ';') tokens.push({ kind: mark, line })
    else if (text !== undefined) tokens.push({ kind: 'text', text, line })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, line })
    for (const character of whole) if (character === '\n') line += 1
    at = pattern.lastIndex
  }
  tokens.push({ kind: 'end', line })
  return ok(tokens)
}

class TreeBuilder {
  readonly #tokens: readonly Token[]
  #at = 0
  readonly #open: Open[] = [{ name: '', label: undefined, line: 1, nodes: [], values: [] }]

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  build(): Result<ConfNode, ConfFault> {
    for (;;) {
      const token = this.#next()
      if (token.kind === 'end') return this.#finish(token.line)
      const fault = token.kind === '}' ? this.#close(token.line) : this.#statement(token)
      if (fault !== undefined) return failed(fault)
    }
  }

  #next(): Token {
    const token = this.#tokens[this.#at]
    if (token === undefined) return { kind: 'end', line: 1 }
    this.#at += 1
    return token
  }

  #top(): Open {
    const top = this.#open.at(-1)
    if (top === undefined) throw new RangeError('a configuration always has its root open')
    return top
  }

  #path(name: string): string {
    return [...this.#open.slice(1).map((node) => node.name), name].filter((part) => part !== '').join('/')
  }

  #statement(token: Token): ConfFault | undefined {
    if (token.kind !== 'word')
      return { line: token.line, key: this.#path(''), why: expected('a key or section', token) }
    const mark = this.#next()
    if (mark.kind === '{') return this.#enter(token.text, undefined, token.line)
    const key = this.#path(token.text)
    if (mark.kind !== '=') return { line: mark.line, key, why: expected("'=' or '{'", mark) }
    const value = this.#next()
    if (value.kind !== 'text') return { line: value.line, key, why: expected('a value in double quotes', value) }
    if (value.text === '') return { line: value.line, key, why: 'the value is empty' }
    const end = this.#next()
    if (end.kind === '{') return this.#enter(token.text, value.text, token.line)
    if (end.kind !== ';') return { line: end.line, key, why: expected("';' or '{' behind the value", end) }
    this.#top().values.push({ key: token.text, text: value.text, line: token.line })
    return undefined
  }

  #enter(name: string, label: string | undefined, line: number): ConfFault | undefined {
    const key = this.#path(name)
    if (this.#open.length > confDepthMax) return { line, key, why: `sections nest at most ${confDepthMax} deep` }
    this.#open.push({ name, label, line, nodes: [], values: [] })
    return undefined
  }

  #close(line: number): ConfFault | undefined {
    const node = this.#open.pop()
    const parent = this.#open.at(-1)
    if (node === undefined || parent === undefined) return { line, key: '', why: "a '}' that closes no section" }
    parent.nodes.push(node)
    return undefined
  }

  #finish(line: number): Result<ConfNode, ConfFault> {
    const top = this.#top()
    if (this.#open.length > 1) {
      return failed({ line, key: this.#path(''), why: `the section that begins at line ${top.line} is not closed` })
    }
    if (top.nodes.length === 0 && top.values.length === 0) return failed({ line, key: '', why: 'the file is empty' })
    return ok(top)
  }
}

function expected(what: string, got: Token): string {
  const shown =
    got.kind === 'end' ? 'the end of the file' : 'text' in got ? `'${got.text.slice(0, 32)}'` : `'${got.kind}'`
  return `expected ${what}, got ${shown}`
}

/** The last of the sections of that name, case ignored: a later one wins. */
export function sectionOf(node: ConfNode | undefined, name: string): ConfNode | undefined {
  return node?.nodes.findLast((child) => child.name.toLowerCase() === name.toLowerCase())
}

/** The last value of that key, case ignored: a later one wins. */
export function settingOf(node: ConfNode | undefined, key: string): ConfValue | undefined {
  return node?.values.findLast((value) => value.key.toLowerCase() === key.toLowerCase())
}

/** Writes a tree as the C programs do: tabs, sections before values, a blank line behind each closing brace. */
export function dumpConf(node: ConfNode, depth = 0): string {
  const indent = '\t'.repeat(depth)
  const nodes = node.nodes.map((child) => {
    const label = child.label === undefined ? '' : ` = "${child.label}"`
    return `${indent}${child.name}${label} {\n${dumpConf(child, depth + 1)}${indent}}\n\n`
  })
  return nodes.join('') + node.values.map((value) => `${indent}${value.key} = "${value.text}";\n`).join('')
}
