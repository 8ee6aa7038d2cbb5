import type { Option } from '../pacemaker/command-line.ts'
import { commonOptions, outputOptions } from '../pacemaker/tool-options.ts'

const command = { group: 'Commands' }
const more = { group: 'Additional options' }

/** Options of crmadmin (behaviour/pacemaker-tools.md 8). */
export const adminOptions: readonly Option[] = [
  ...commonOptions,
  ...outputOptions,
  { short: 'D', long: 'dc_lookup', help: 'Print the name of the node that leads the cluster', ...command },
  { short: 'S', long: 'status', argument: 'NODE', help: 'Print the state of the controller of a node', ...command },
  { short: 'P', long: 'pacemakerd', help: 'Print the state of the pacemakerd of this node', ...command },
  {
    short: 'N',
    long: 'nodes',
    argument: 'TYPES',
    isArgumentOptional: true,
    help: 'Print the configured nodes: all (default), or those of some of the types cluster,guest,remote',
    ...command,
  },
  { short: 'H', long: 'health', help: '', ...command },
  {
    short: 't',
    long: 'timeout',
    argument: 'TIMESPEC',
    help: 'How long to wait for the answer (default: 30s)',
    ...more,
  },
  { short: 'B', long: 'bash-export', help: "Print nodes as 'export NAME=ID' (with -N)", ...more },
  { short: 'i', long: 'ipc-name', argument: 'NAME', help: 'What to call itself at pacemakerd (with -P)', ...more },
  { short: 'q', long: 'quiet', help: 'Print only what was asked for' },
]
