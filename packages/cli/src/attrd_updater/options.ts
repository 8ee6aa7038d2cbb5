import type { Option } from '../pacemaker/command-line.ts'
import { commonOptions, outputOptions } from '../pacemaker/tool-options.ts'

const command = { group: 'Commands' }
const more = { group: 'Additional options' }

/** Options of attrd_updater (behaviour/pacemaker-tools.md 6). */
export const updaterOptions: readonly Option[] = [
  ...commonOptions,
  ...outputOptions,
  { short: 'n', long: 'name', argument: 'NAME', help: 'The attribute', group: 'Required arguments' },
  { short: 'U', long: 'update', argument: 'VALUE', help: 'Set its value (value++ and value+=N count)', ...command },
  { short: 'v', long: 'update-value', argument: 'VALUE', help: '', ...command },
  { short: 'B', long: 'update-both', argument: 'VALUE', help: 'Set its value and its dampening (with -d)', ...command },
  { short: 'Y', long: 'update-delay', help: 'Set its dampening (with -d)', ...command },
  { short: 'Q', long: 'query', help: 'Print its value (default)', ...command },
  { short: 'D', long: 'delete', help: 'Unset it', ...command },
  { short: 'R', long: 'refresh', help: 'Have all values of all attributes written to the CIB again', ...command },
  { short: 'd', long: 'delay', argument: 'SECONDS', help: 'How long to wait for more changes before writing', ...more },
  { short: 's', long: 'set', argument: 'SET', help: 'The set in the CIB that holds a new attribute', ...more },
  { short: 'N', long: 'node', argument: 'NODE', help: 'The node (default: this one; of queries: all)', ...more },
  { short: 'A', long: 'all', help: 'Query all nodes', ...more },
  { short: 'l', long: 'lifetime', argument: 'SECTION', help: '', ...more },
  { short: 'p', long: 'private', help: 'Never write a new attribute to the CIB', ...more },
  { short: 'q', long: 'quiet', help: '', ...more },
]
