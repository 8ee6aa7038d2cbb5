import { hostPath } from '@quorate/qb'

/** What a call of fence_virtd says. */
export type DaemonCall = {
  readonly mode: 'run' | 'configure' | 'list' | 'status' | 'help'
  readonly isForeground: boolean
  readonly confFile: string
  readonly debugLevel: number | undefined
  readonly waits: boolean
  readonly pidFile: string
  readonly output: 'text' | 'json'
  /** Told on standard error. */
  readonly remarks: readonly string[]
}

/** The options in the order of the usage; letters with a value name it. `--status` and `--output-as` are ours. */
export const daemonOptions = [
  { letter: 'F', value: undefined, text: 'Do not daemonize.' },
  { letter: 'f', value: '<file>', text: 'Use <file> as configuration file.' },
  { letter: 'd', value: '<level>', text: 'Set debugging level to <level>.' },
  { letter: 'c', value: undefined, text: 'Configuration mode.' },
  { letter: 'l', value: undefined, text: 'List plugins.' },
  { letter: 'w', value: undefined, text: 'Wait for initialization.' },
  { letter: 'p', value: '<file>', text: 'Use <file> to record the active process id.' },
  { letter: 'h', value: undefined, text: undefined },
] as const

/** What -h shows. */
export const daemonUsage = `Usage: fence_virtd [options]
${daemonOptions
  .filter((option) => option.text !== undefined)
  .map(({ letter, value, text }) => `  -${`${letter}${value === undefined ? '' : ` ${value}`}`.padEnd(16)}${text}\n`)
  .join('')}  --status         Show listener, backend and the last operations of the running daemon.
  --output-as=json With --status and -l: as JSON.

Examples:
  fence_virtd -F -d 5
  fence_virtd --status --output-as=json
`

/** Reads a command line as getopt does. */
export function readDaemonCall(argv: readonly string[]): DaemonCall {
  const call: { -readonly [K in keyof DaemonCall]: DaemonCall[K] } & { remarks: string[] } = {
    mode: 'run',
    isForeground: false,
    confFile: hostPath('/etc/fence_virt.conf'),
    debugLevel: undefined,
    waits: false,
    pidFile: hostPath('/var/run/fence_virtd.pid'),
    output: 'text',
    remarks: [],
  }
  const words = [...argv]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--status') call.mode = 'status'
    else if (word === '--output-as=json') call.output = 'json'
    else if (word === '--output-as=text') call.output = 'text'
    else if (word.startsWith('--')) refuse(call, word)
    else if (word.startsWith('-')) readLetters(call, word.slice(1), words)
  }
  return call
}

type Draft = { -readonly [K in keyof DaemonCall]: DaemonCall[K] } & { remarks: string[] }

function refuse(call: Draft, what: string): void {
  call.remarks.push(`fence_virtd: invalid option -- '${what}'`)
  call.mode = 'help'
}

function readLetters(call: Draft, letters: string, words: string[]): void {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? ''
    const option = daemonOptions.find((one) => one.letter === letter)
    if (option === undefined) {
      refuse(call, letter)
    } else if (option.value === undefined) {
      applyLetter(call, letter)
    } else {
      const attached = letters.slice(at + 1)
      const value = attached === '' ? words.shift() : attached
      if (value === undefined) {
        call.remarks.push(`fence_virtd: option requires an argument -- '${letter}'`)
        call.mode = 'help'
      } else if (letter === 'f') call.confFile = value
      else if (letter === 'p') call.pidFile = value
      else call.debugLevel = Math.max(0, Math.trunc(Number(value)) || 0)
      return
    }
  }
}

function applyLetter(call: Draft, letter: string): void {
  if (letter === 'F') call.isForeground = true
  else if (letter === 'w') call.waits = true
  else if (letter === 'c') call.mode = 'configure'
  else if (letter === 'l') call.mode = 'list'
  else call.mode = 'help'
}
