import fs from 'node:fs'
import process from 'node:process'
import { xmlText } from './xml-text.ts'

/** What a tool sees of the machine it runs on. Tests and the conformance runner hand in another. */
export type ToolHost = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** All of standard input, an XML document. @throws Error where it cannot be read */
  readonly readInput: () => string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Whether standard output is a person's terminal. */
  readonly isTerminal: boolean
}

/** The process that runs the tool. */
export function processHost(): ToolHost {
  return {
    env: process.env,
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    readInput: () => xmlText(fs.readFileSync(0)),
    now: () => Date.now(),
    // Node makes a stream of its output to tell, which for a pipe or a file takes a while and tells nothing new.
    isTerminal: fs.fstatSync(1).isCharacterDevice() && process.stdout.isTTY === true,
  }
}

/** Writes synchronously, so that nothing is lost when the process ends; a reader that left early ends the output. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at)
    } catch (fault) {
      const { code } = fault as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') throw fault
    }
  }
}

/** What every tool prints for --version: front ends read the first line. */
export const versionText = 'Pacemaker 2.1.5\nQuorate: the Linux-HA stack in TypeScript\n'

/** Files that tools write tell of a cluster what not everybody on the host need know. */
export const toolFileMode = 0o640
