import type { Option } from '../pacemaker/command-line.ts'

/** Options of corosync-quorumtool(8). */
export const quorumtoolOptions: readonly Option[] = [
  { short: 's', long: 'status', help: 'show quorum status' },
  { short: 'm', long: 'monitor', help: 'constantly monitor quorum status' },
  { short: 'l', long: 'list', help: 'list nodes' },
  { short: 'a', long: 'all', help: 'show all names or addresses for each node' },
  { short: 'p', long: 'parsable', help: 'when used with -s or -l, generates machine parsable output' },
  { short: 'v', long: 'votes', argument: 'votes', help: 'change the number of votes for a node (*)' },
  { short: 'n', long: 'node', argument: 'nodeid', help: 'optional nodeid of node for -v' },
  { short: 'e', long: 'expected', argument: 'expected', help: 'change expected votes for the cluster (*)' },
  { short: 'H', long: 'hex', help: 'show nodeids in hexadecimal rather than decimal' },
  { short: 'i', long: 'addresses', help: 'show node IP addresses instead of the resolved name' },
  { short: 'o', long: 'order', argument: 'a|n|i', help: 'order by [a] IP address (default), [n] name, [i] nodeid' },
  { short: 'f', long: 'force-unregister', help: 'forcefully unregister a quorum device *DANGEROUS* (*)' },
  { short: 'h', long: 'help', help: 'show this help text' },
  { short: 'V', long: 'version', help: 'show version and exit' },
]

/** The help as the C tool prints it, with what is added here below. */
export const quorumtoolUsage = `usage: 
corosync-quorumtool <options>

  options:

${quorumtoolOptions.map(({ short, argument, help }) => `  ${`-${short}${argument === undefined ? '' : ` <${argument}>`}`.padEnd(14)} ${help}`).join('\n')}

  (*) Starred items only work if votequorum is the quorum provider for corosync

`
