import type { Option } from '../pacemaker/command-line.ts'
import { commonOptions, outputOptions } from '../pacemaker/tool-options.ts'

const query = { group: 'Queries' }
const command = { group: 'Commands' }
const location = { group: 'Locations' }
const advanced = { group: 'Advanced' }
const more = { group: 'Additional Options' }

const runsAgent = 'it would run an agent by hand beside the cluster'

/** Commands of the real crm_resource that are refused, and why. */
export const refusedCommands: ReadonlyMap<string, string> = new Map([
  ['validate', runsAgent],
  ['force-demote', runsAgent],
  ['force-stop', runsAgent],
  ['force-start', runsAgent],
  ['force-promote', runsAgent],
  ['force-check', runsAgent],
  ['restart', 'set target-role to Stopped and delete it again, with --meta'],
  ['wait', 'see crm_mon for what is under way'],
])

/** Options of crm_resource (behaviour/pacemaker-tools.md 4). Those without a help text are old, or refused. */
export const resourceOptions: readonly Option[] = [
  ...commonOptions,
  ...outputOptions,
  { short: 'L', long: 'list', help: 'All resources with their states', ...query },
  { short: 'l', long: 'list-raw', help: 'Ids of all primitives and instances', ...query },
  { short: 'O', long: 'list-operations', help: 'Operations that are active', ...query },
  { short: 'o', long: 'list-all-operations', help: 'All operations', ...query },
  { short: '', long: 'list-standards', help: 'Standards of agents', ...query },
  {
    short: '',
    long: 'list-ocf-providers',
    argument: 'AGENT',
    isArgumentOptional: true,
    help: 'Providers of OCF agents',
    ...query,
  },
  { short: '', long: 'list-agents', argument: 'STD[:PROV]', help: 'Agents of a standard or provider', ...query },
  { short: '', long: 'list-ocf-alternatives', argument: 'AGENT', help: 'Providers of one OCF agent', ...query },
  {
    short: '',
    long: 'show-metadata',
    argument: 'SPEC',
    help: 'What an agent (class:provider:type) says of itself',
    ...query,
  },
  { short: 'q', long: 'query-xml', help: 'XML of a resource, its template merged in', ...query },
  { short: 'w', long: 'query-xml-raw', help: 'XML of a resource as it was written', ...query },
  { short: 'g', long: 'get-parameter', argument: 'NAME', help: 'Value of a parameter', ...query },
  { short: 'G', long: 'get-property', argument: 'NAME', help: '', ...query },
  { short: 'W', long: 'locate', help: 'Where a resource runs', ...query },
  { short: 'a', long: 'constraints', help: 'Constraints of a resource', ...query },
  { short: 'A', long: 'stack', help: 'Constraints of a resource and of what it depends on', ...query },
  { short: 'Y', long: 'why', help: 'Whether and why a resource runs', ...query },
  { short: 'C', long: 'cleanup', help: 'Forget failures, and probe again what failed', ...command },
  { short: 'R', long: 'refresh', help: 'Forget all history, and probe again', ...command },
  { short: 'p', long: 'set-parameter', argument: 'NAME', help: 'Set a parameter (to -v)', ...command },
  { short: 'd', long: 'delete-parameter', argument: 'NAME', help: 'Remove a parameter', ...command },
  { short: 'M', long: 'move', help: 'Prefer a node, or avoid the one it runs on', ...location },
  { short: 'B', long: 'ban', help: 'Avoid a node', ...location },
  { short: 'U', long: 'clear', help: 'Remove what --move and --ban made', ...location },
  { short: 'e', long: 'expired', help: 'With --clear: only what has expired', ...location },
  {
    short: 'u',
    long: 'lifetime',
    argument: 'DURATION',
    help: 'How long --move or --ban lasts (ISO 8601)',
    ...location,
  },
  { short: '', long: 'promoted', help: 'Only of the promoted role', ...location },
  { short: '', long: 'master', help: '', ...location },
  { short: 'D', long: 'delete', help: 'Remove a resource (of type -t) from the configuration', ...advanced },
  { short: 'F', long: 'fail', help: 'Tell a node that a resource has failed', ...advanced },
  {
    short: '',
    long: 'digests',
    help: 'By what changes of parameters are noticed, of a resource on a node; NAME=VALUE words override them',
    ...advanced,
  },
  { short: 'r', long: 'resource', argument: 'ID', help: 'The resource', ...more },
  { short: 'N', long: 'node', argument: 'NODE', help: 'The node', ...more },
  { short: 'H', long: 'host-uname', argument: 'NODE', help: '', ...more },
  { short: '', long: 'recursive', help: 'With --constraints: follow colocations', ...more },
  { short: 't', long: 'resource-type', argument: 'ELEMENT', help: 'primitive, clone, group, bundle, …', ...more },
  { short: 'v', long: 'parameter-value', argument: 'VALUE', help: 'Value to set', ...more },
  { short: 'm', long: 'meta', help: 'Meta-attributes instead of parameters', ...more },
  { short: 'z', long: 'utilization', help: 'Utilization instead of parameters', ...more },
  { short: 's', long: 'set-name', argument: 'ID', help: 'Set of parameters', ...more },
  { short: 'i', long: 'nvpair', argument: 'ID', help: 'Entry within the set', ...more },
  { short: 'n', long: 'operation', argument: 'OPERATION', help: 'With --cleanup: failures of this operation', ...more },
  { short: 'I', long: 'interval', argument: 'INTERVAL', help: 'With --cleanup: of this interval', ...more },
  { short: 'T', long: 'timeout', argument: 'TIME', help: 'How long to wait for answers', ...more },
  { short: 'f', long: 'force', help: 'Do it anyway', ...more },
  { short: 'Q', long: 'quiet', help: 'Print only what was asked for', ...more },
  ...[...refusedCommands.keys()].map((long) =>
    long === 'validate' || long === 'force-check'
      ? { short: '', long, argument: 'LEVEL', isArgumentOptional: true, help: '' }
      : { short: '', long, help: '' },
  ),
]

/** Options that say what is to be done; where there are several, the last counts. */
export const resourceCommands: readonly string[] = [
  'list',
  'list-raw',
  'list-operations',
  'list-all-operations',
  'list-standards',
  'list-ocf-providers',
  'list-agents',
  'list-ocf-alternatives',
  'show-metadata',
  'query-xml',
  'query-xml-raw',
  'get-parameter',
  'get-property',
  'locate',
  'constraints',
  'stack',
  'why',
  'cleanup',
  'refresh',
  'set-parameter',
  'delete-parameter',
  'move',
  'ban',
  'clear',
  'delete',
  'digests',
  'fail',
  ...refusedCommands.keys(),
]

/** What people do with crm_resource. */
export const resourceExamples: readonly (readonly [purpose: string, command: string])[] = [
  ['Which resources are there, and where do they run', 'crm_resource --list'],
  ['Why does a resource not run', 'crm_resource --why --resource web'],
  ['Move a resource to a node', 'crm_resource --resource web --move --node node2'],
  ['Allow it to go back', 'crm_resource --resource web --clear'],
  ['Stop a resource', 'crm_resource --resource web --set-parameter target-role --meta --parameter-value Stopped'],
  ['Forget its failures on a node', 'crm_resource --resource web --cleanup --node node1'],
  ['Which OCF agents are installed', 'crm_resource --list-agents ocf'],
]
