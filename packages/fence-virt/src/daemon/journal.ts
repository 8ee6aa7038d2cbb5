import { visibleText } from '../visible-text.ts'

/** Where a daemon's messages go, by weight. `debug` messages carry the level from which they are shown. */
export interface Journal {
  error(text: string): void
  info(text: string): void
  debug(level: number, text: string): void
}

/** Writes lines to a stream, each in one line whatever is in it: errors and information always, debugging up to `level`. */
export class StreamJournal implements Journal {
  readonly #write: (line: string) => void
  readonly #level: number

  constructor(write: (line: string) => void, level: number) {
    this.#write = write
    this.#level = level
  }

  error(text: string): void {
    this.#write(visibleText(`error: ${text}`))
  }

  info(text: string): void {
    this.#write(visibleText(text))
  }

  debug(level: number, text: string): void {
    if (level <= this.#level) this.#write(visibleText(`debug: ${text}`))
  }
}
