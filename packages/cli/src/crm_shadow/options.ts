import type { Option } from '../pacemaker/command-line.ts'

const query = { group: 'Queries' }
const command = { group: 'Commands' }
const more = { group: 'Additional options' }

/** Options of crm_shadow (behaviour/pacemaker-tools.md 13). */
export const shadowOptions: readonly Option[] = [
  { short: '?', long: 'help', help: 'Show this text' },
  { short: '$', long: 'version', help: 'Show the version' },
  { short: 'V', long: 'verbose', help: 'Say more (repeatable)' },
  { short: 'w', long: 'which', help: 'Name of the active shadow', ...query },
  { short: 'p', long: 'display', help: 'Content of the active shadow', ...query },
  { short: 'E', long: 'edit', help: 'Edit the active shadow with $EDITOR', ...query },
  { short: 'd', long: 'diff', help: 'How the active shadow differs from the cluster', ...query },
  { short: 'F', long: 'file', help: 'File of the active shadow', ...query },
  { short: 'c', long: 'create', argument: 'NAME', help: "Make a shadow of the cluster's CIB", ...command },
  { short: 'e', long: 'create-empty', argument: 'NAME', help: 'Make a shadow with nothing in it', ...command },
  {
    short: 'C',
    long: 'commit',
    argument: 'NAME',
    help: 'Put the shadow in the place of the configuration',
    ...command,
  },
  { short: 'D', long: 'delete', argument: 'NAME', help: 'Remove a shadow', ...command },
  { short: 'r', long: 'reset', argument: 'NAME', help: 'Make the shadow anew from the cluster', ...command },
  { short: 's', long: 'switch', argument: 'NAME', help: 'Use this shadow', ...command },
  { short: 'f', long: 'force', help: 'Allow what is dangerous', ...more },
  { short: 'b', long: 'batch', help: 'Start no shell', ...more },
  { short: 'a', long: 'all', help: 'With --commit: the status too', ...more },
  { short: 'v', long: 'validate-with', argument: 'SCHEMA', help: 'With --create-empty: schema to claim', ...more },
]
