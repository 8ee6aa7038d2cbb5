import type { Option } from '../pacemaker/command-line.ts'
import { commonOptions, outputOptions } from '../pacemaker/tool-options.ts'

const which = { group: 'Selections' }
const command = { group: 'Command' }
const more = { group: 'Additional options' }

/** Options of crm_attribute (behaviour/pacemaker-tools.md 5.1). */
export const attributeOptions: readonly Option[] = [
  ...commonOptions,
  ...outputOptions,
  { short: 'i', long: 'id', argument: 'ID', help: 'The entry with this id', ...which },
  { short: 'n', long: 'name', argument: 'NAME', help: 'The entry of this name', ...which },
  { short: 'P', long: 'pattern', argument: 'PATTERN', help: 'All entries whose names match', ...which },
  {
    short: 'p',
    long: 'promotion',
    argument: 'RESOURCE',
    isArgumentOptional: true,
    help: 'The promotion score of this resource, or of that whose agent runs the tool',
    ...which,
  },
  { short: 's', long: 'set-name', argument: 'ID', help: 'The entry in the set of this id', ...which },
  { short: 'D', long: 'delete', help: 'Remove it', ...command },
  { short: 'G', long: 'query', help: 'Print its value', ...command },
  { short: 'v', long: 'update', argument: 'VALUE', help: 'Set its value', ...command },
  { short: 'd', long: 'default', argument: 'VALUE', help: 'What to print where there is no value', ...more },
  { short: 'l', long: 'lifetime', argument: 'LIFETIME', help: "Of a node's attribute: reboot or forever", ...more },
  { short: 'N', long: 'node', argument: 'NODE', help: 'An attribute of this node, not a cluster option', ...more },
  { short: 'U', long: 'uname', argument: 'NODE', help: '', ...more },
  { short: 't', long: 'type', argument: 'SECTION', help: 'crm_config, rsc_defaults, op_defaults', ...more },
  { short: 'z', long: 'utilization', help: "Of the node's utilization", ...more },
  { short: '!', long: 'inhibit-policy-engine', help: '', ...more },
  { short: 'q', long: 'quiet', help: 'Print only the value', ...more },
  { short: 'Q', long: 'quiet', help: '', ...more },
]
