import { ConfigError } from './config-error.ts'

/** Longest line, characters. */
export const configLineCharsMax = 511
/** Deepest nesting of sections. */
export const configDepthMax = 16
/** Most lines of a file. */
export const configLinesMax = 100_000

/** A `key: value` line. */
export type ConfigSetting = { readonly key: string; readonly value: string; readonly line: number }

/** A `name { ... }` block with what stands in it, in order. The file itself is a section without a name. */
export type ConfigSection = {
  readonly name: string
  readonly line: number
  readonly settings: readonly ConfigSetting[]
  readonly sections: readonly ConfigSection[]
}

type Open = { name: string; line: number; settings: ConfigSetting[]; sections: ConfigSection[] }

/**
 * Reads the grammar of corosync.conf(5): one thing a line, which is a comment (`#`), `name {`, `}` or `key: value`.
 *
 * @throws ConfigError with file, line and what was expected
 */
export function parseConfigText(file: string, text: string): ConfigSection {
  const root: Open = { name: '', line: 1, settings: [], sections: [] }
  const trail: Open[] = [root]
  const lines = text.split('\n')
  if (lines.length > configLinesMax) throw new ConfigError(file, undefined, `more than ${configLinesMax} lines`)
  lines.forEach((raw, i) => {
    const line = i + 1
    const content = raw.trim()
    const open = trail[trail.length - 1] as Open
    if (raw.length > configLineCharsMax) throw new ConfigError(file, line, 'Line too long')
    if (content === '' || content.startsWith('#')) return
    if (content.includes('{')) {
      if (!content.endsWith('{')) throw new ConfigError(file, line, "Extra characters after opening bracket '{'")
      if (trail.length > configDepthMax)
        throw new ConfigError(file, line, `Sections nested deeper than ${configDepthMax}`)
      const section: Open = { name: content.slice(0, -1).trim(), line, settings: [], sections: [] }
      open.sections.push(section)
      trail.push(section)
      return
    }
    const colon = content.indexOf(':')
    if (colon < 0 && content.includes('}')) {
      if (content !== '}') throw new ConfigError(file, line, "Extra characters before or after closing bracket '}'")
      if (trail.length === 1) throw new ConfigError(file, line, 'Unexpected closing brace')
      trail.pop()
      return
    }
    if (colon < 0) throw new ConfigError(file, line, 'Line is not opening or closing section or key value')
    open.settings.push({ key: content.slice(0, colon).trim(), value: content.slice(colon + 1).trim(), line })
  })
  if (trail.length > 1) {
    const unclosed = trail[trail.length - 1] as Open
    const last = text.endsWith('\n') ? lines.length - 1 : lines.length
    throw new ConfigError(file, last, `Missing closing brace of '${unclosed.name}', opened in line ${unclosed.line}`)
  }
  return root
}
