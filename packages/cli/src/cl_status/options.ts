/** Subcommands of cl_status(1), as its usage lists them. */
export const clStatusCommands = [
  {
    name: 'clientstatus',
    parameters: '<node-name> <client-id> [<timeout>]',
    doc: 'Show the status of heartbeat clients.',
  },
  { name: 'hblinkstatus', parameters: '<node-name> <link-name>', doc: 'Show the status of a heartbeat link' },
  { name: 'hbstatus', parameters: '', doc: 'Indicate if heartbeat is running on the local system.' },
  { name: 'listnodes', parameters: '[-p|-n|-v]', doc: 'List the nodes in the cluster.' },
  { name: 'listhblinks', parameters: '[-v] <node-name>', doc: 'List the network interfaces used as hearbeat links.' },
  { name: 'nodestatus', parameters: '<node-name>', doc: 'List the node status.' },
  { name: 'nodeweight', parameters: '<node-name>', doc: 'List the node weight.' },
  { name: 'nodesite', parameters: '<node-name>', doc: 'List the node site.' },
  { name: 'nodetype', parameters: '<node-name>', doc: 'List the nodes of a given type.' },
  { name: 'rscstatus', parameters: '', doc: 'Show the status of cluster resources.' },
  { name: 'hbparameter', parameters: '-p <parameter-name>', doc: 'Retrieve the value of a cluster parameter.' },
] as const

export type ClStatusCommand = (typeof clStatusCommands)[number]['name']

/** What a call of cl_status says. `isHuman`: -m. */
export type ClStatusCall = {
  readonly command: ClStatusCommand
  readonly words: readonly string[]
  readonly isHuman: boolean
  readonly isVerbose: boolean
  readonly isPing: boolean
  readonly isNormal: boolean
  readonly parameter: string | undefined
}

/** Reads a command line; answers undefined where it names no subcommand. */
export function readClStatusCall(argv: readonly string[]): ClStatusCall | undefined {
  const [first, ...rest] = argv
  const command = clStatusCommands.find(({ name }) => name === first)?.name
  if (command === undefined) return undefined
  const words: string[] = []
  const flags = new Set<string>()
  let parameter: string | undefined
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? ''
    if (command === 'hbparameter' && word === '-p') {
      at += 1
      parameter = rest[at]
    } else if (/^-[mvpn]+$/.test(word)) for (const letter of word.slice(1)) flags.add(letter)
    else words.push(word)
  }
  return {
    command,
    words,
    isHuman: flags.has('m'),
    isVerbose: flags.has('v'),
    isPing: flags.has('p'),
    isNormal: flags.has('n'),
    parameter,
  }
}
