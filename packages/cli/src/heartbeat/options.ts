/** Options of heartbeat(8), in the order of its manual page, and -f, which the real one's usage has. */
export const heartbeatOptions = [
  { letter: 'd', doc: 'Increment debugging level.' },
  { letter: 'f', doc: 'Stay in the foreground.' },
  { letter: 'r', doc: 'Reload: the running heartbeat reads its keys anew.' },
  { letter: 'k', doc: 'Kill (stop) heartbeat.' },
  { letter: 's', doc: 'Report heartbeat status.' },
  { letter: 'V', doc: 'Print out heartbeat version.' },
] as const

/** Options of the real one that say how it works inside, and have no meaning here. */
const refused = new Set(['D', 'M', 'R', 'W', 'l', 'v', 'C'])

/** What a call of heartbeat says. */
export type HeartbeatCall = {
  readonly mode: 'run' | 'reload' | 'stop' | 'status' | 'version' | 'help'
  readonly isForeground: boolean
  readonly debugLevel: number
}

/** Reads a command line; answers what is wrong with it where something is. */
export function readHeartbeatCall(argv: readonly string[]): HeartbeatCall | string {
  let mode: HeartbeatCall['mode'] = 'run'
  let isForeground = false
  let debugLevel = 0
  for (const word of argv) {
    if (word === '--help') return { mode: 'help', isForeground, debugLevel }
    if (!/^-[A-Za-z]+$/.test(word)) return `'${word}' is no option`
    for (const letter of word.slice(1)) {
      if (letter === 'd') debugLevel += 1
      else if (letter === 'f') isForeground = true
      else if (letter === 'r') mode = 'reload'
      else if (letter === 'k') mode = 'stop'
      else if (letter === 's') mode = 'status'
      else if (letter === 'V') mode = 'version'
      else if (letter === 'h') mode = 'help'
      else return refused.has(letter) ? `-${letter} is not supported` : `invalid option -- '${letter}'`
    }
  }
  return { mode, isForeground, debugLevel }
}
