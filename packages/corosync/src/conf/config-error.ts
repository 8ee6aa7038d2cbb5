/** What is wrong with corosync.conf, where, and what was expected. Nothing is started then. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly file: string
  /** Line of the fault, from 1; undefined where something is missing altogether. */
  readonly line: number | undefined

  constructor(file: string, line: number | undefined, what: string) {
    super(line === undefined ? `${file}: ${what}` : `${file}:${line}: ${what}`)
    this.file = file
    this.line = line
  }
}
