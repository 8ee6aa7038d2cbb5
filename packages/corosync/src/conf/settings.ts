import type { ConfigEntry } from './config-entries.ts'
import { ConfigError } from './config-error.ts'
import { optionOf } from './options.ts'

/** Port of link 0 where nothing is said; each further link has the next one. */
const portDefault = 5405

/** Settings by key. Later lines win over earlier ones. */
export class Settings {
  readonly file: string
  readonly #entries: ReadonlyMap<string, ConfigEntry>

  constructor(file: string, entries: readonly ConfigEntry[]) {
    this.file = file
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]))
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Line where the file has the key. */
  line(key: string): number | undefined {
    return this.#entries.get(key)?.line
  }

  /** The first key of a section. */
  firstBelow(section: string): string | undefined {
    return [...this.#entries.keys()].find((key) => key.startsWith(`${section}.`))
  }

  text(key: string, generic: string = key): string | undefined {
    return this.#entries.get(key)?.value ?? optionOf(generic)?.default
  }

  number(key: string, generic: string = key): number | undefined {
    const value = this.text(key, generic)
    return value === undefined ? undefined : Number(value)
  }

  flag(key: string): boolean {
    return this.text(key) === 'yes' || (this.number(key) ?? 0) > 0
  }

  /** Port of a link. @throws ConfigError where it is none */
  port(link: number): number {
    const key = `totem.interface.${link}.mcastport`
    const port = this.number(key, '') ?? portDefault + link
    if (port >= 1 && port <= 65_535) return port
    throw this.fault(key, `a port in range (1..65535) is expected, but ${port} was given`)
  }

  fault(key: string, what: string): ConfigError {
    return this.faultAt(this.line(key), what)
  }

  faultAt(line: number | undefined, what: string): ConfigError {
    return new ConfigError(this.file, line, what)
  }
}
