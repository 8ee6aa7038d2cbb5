import { visibleText } from '../visible-text.ts'

/** Where a daemon's messages go, by weight. `debug` messages carry the level from which they are shown. */
export interface Journal {
  error(text: string): void
  info(text: string): void
  debug(level: number, text: string): void
}

/** Writes lines to a stream, each in one line whatever is in it: errors and information always, debugging up to `level`. */
export function streamJournal(write: (line: string) => void, level: number): Journal {
  return {
    error: (text) => write(visibleText(`error: ${text}`)),
    info: (text) => write(visibleText(text)),
    debug: (from, text) => {
      if (from <= level) write(visibleText(`debug: ${text}`))
    },
  }
}
