import type { Option } from '../pacemaker/command-line.ts'

/** Options of corosync-cfgtool(8). */
export const cfgtoolOptions: readonly Option[] = [
  {
    short: 'i',
    long: 'interface',
    argument: 'interface ip',
    help: 'Finds only information about the specified interface IP address or link id when used with -s..',
  },
  { short: 's', long: 'status', help: 'Displays the status of the current links on this node.' },
  { short: 'n', long: 'nodes', help: 'Displays the status of the connected nodes and their links.' },
  { short: 'b', long: 'brief', help: 'Displays the brief status of the current links on this node when used with -s.' },
  {
    short: 'R',
    long: 'reload',
    help: 'Tell all instances of corosync in this cluster to reload corosync.conf.',
  },
  { short: 'L', long: 'reopen-logs', help: 'Tell corosync to reopen all logging files.' },
  { short: 'k', long: 'kill', argument: 'nodeid', help: 'Kill a node identified by node id.' },
  { short: 'a', long: 'addresses', argument: 'nodeid', help: 'Display the IP address(es) of a node' },
  { short: 'h', long: 'help', help: 'Print basic usage.' },
  { short: 'H', long: 'shutdown', help: 'Shutdown corosync cleanly on this node.' },
  { short: '', long: 'force', help: 'will shut down corosync regardless of daemon vetos' },
]

/** The help, in the words that users of the C tool know. */
export const cfgtoolUsage = `corosync-cfgtool [[-i <interface ip>] [-b] -s] [-R] [-L] [-k nodeid] [-a nodeid] [-h] [-H]

A tool for displaying and configuring active parameters within corosync.
options:
${cfgtoolOptions
  .map(({ short, long, help }) => (short === '' ? `\t\t--${long} ${help}\n` : `\t-${short}\t${help}\n`))
  .join('')}`
