import type { Option } from '../pacemaker/command-line.ts'
import { outputOptions } from '../pacemaker/tool-options.ts'

const definition = { group: 'Device Definition Commands' }
const query = { group: 'Queries' }
const fencing = { group: 'Fencing Commands' }
const more = { group: 'Additional Options' }
const application = { group: 'Application Options' }

/** Options of stonith_admin that say what is to be done. */
export const stonithCommands = [
  'register',
  'deregister',
  'register-level',
  'deregister-level',
  'list',
  'list-registered',
  'list-installed',
  'list-targets',
  'metadata',
  'query',
  'history',
  'last',
  'validate',
  'fence',
  'unfence',
  'reboot',
  'confirm',
] as const

/** Options of stonith_admin (behaviour/pacemaker-tools.md 9). */
export const stonithOptions: readonly Option[] = [
  { short: '?', long: 'help', help: 'Show this text', group: 'Help Options' },
  { short: '', long: 'help-all', help: '', group: 'Help Options' },
  ...outputOptions.map((option) =>
    option.long === 'text-fancy' ? { ...option, help: 'Lists with titles, as text' } : option,
  ),
  {
    short: 'R',
    long: 'register',
    argument: 'DEVICE',
    help: 'Register a device here (of --agent, with -o and -e)',
    ...definition,
  },
  { short: 'D', long: 'deregister', argument: 'DEVICE', help: 'Remove a device from here', ...definition },
  {
    short: 'r',
    long: 'register-level',
    argument: 'TARGET',
    help: 'Add a level (--index, --device) for NAME, @PATTERN or ATTR=VALUE',
    ...definition,
  },
  {
    short: 'd',
    long: 'deregister-level',
    argument: 'TARGET',
    help: 'Remove a level (--index; without: all) of such a target',
    ...definition,
  },
  { short: 'l', long: 'list', argument: 'NODE', help: 'Devices that can fence a node', ...query },
  { short: 'L', long: 'list-registered', help: 'Devices that are registered here', ...query },
  { short: 'I', long: 'list-installed', help: 'Agents that are installed here', ...query },
  { short: 's', long: 'list-targets', argument: 'DEVICE', help: 'Nodes that a device can fence', ...query },
  { short: 'M', long: 'metadata', help: 'What an agent (--agent) says of itself', ...query },
  { short: 'Q', long: 'query', argument: 'DEVICE', help: 'Whether a device works: the exit code tells', ...query },
  {
    short: 'H',
    long: 'history',
    argument: 'NODE',
    help: "How a node was fenced ('*': any node; --verbose: all of it)",
    ...query,
  },
  { short: 'h', long: 'last', argument: 'NODE', help: 'When a node was fenced last', ...query },
  { short: 'K', long: 'validate', help: 'Have an agent (--agent) check its parameters (-o, -e)', ...query },
  { short: 'F', long: 'fence', argument: 'NODE', help: 'Power a node off', ...fencing },
  { short: 'U', long: 'unfence', argument: 'NODE', help: 'Power a node on', ...fencing },
  { short: 'B', long: 'reboot', argument: 'NODE', help: 'Power a node off and on', ...fencing },
  {
    short: 'C',
    long: 'confirm',
    argument: 'NODE',
    help: 'Tell the cluster that a node is down: look first, the cluster believes it',
    ...fencing,
  },
  { short: 'c', long: 'cleanup', help: 'With --history: forget what has ended', ...more },
  { short: 'b', long: 'broadcast', help: 'With --history: have all nodes tell theirs', ...more },
  { short: 'a', long: 'agent', argument: 'AGENT', help: 'The agent, such as fence_xvm', ...more },
  { short: 'o', long: 'option', argument: 'NAME=VALUE', help: 'A parameter of the device (repeatable)', ...more },
  {
    short: 'e',
    long: 'env-option',
    argument: 'NAME',
    help: 'A parameter whose value the variable OCF_RESKEY_NAME has (repeatable)',
    ...more,
  },
  { short: 'T', long: 'tag', argument: 'TAG', help: 'Who asks: shown in the history', ...more },
  { short: 'v', long: 'device', argument: 'DEVICE', help: 'A device of a level (repeatable)', ...more },
  { short: 'i', long: 'index', argument: 'LEVEL', isInteger: true, help: 'A level, 1 to 9', ...more },
  {
    short: 't',
    long: 'timeout',
    argument: 'SECONDS',
    isInteger: true,
    help: 'How long it may take (120 seconds)',
    ...more,
  },
  {
    short: 'y',
    long: 'delay',
    argument: 'SECONDS',
    isInteger: true,
    help: "With fencing: wait before it (-1: not even for the devices' own delays)",
    ...more,
  },
  { short: 'n', long: 'as-node-id', help: "With --last: NODE is the node's number", ...more },
  {
    short: '',
    long: 'tolerance',
    argument: 'TIME',
    help: 'With fencing: nothing where the same succeeded within this time',
    ...more,
  },
  { short: '$', long: 'version', help: 'Show the version', ...application },
  { short: 'V', long: 'verbose', help: 'Say more (repeatable)', ...application },
  { short: 'q', long: 'quiet', help: 'Say less', ...application },
]

/** What people do with stonith_admin. */
export const stonithExamples: readonly (readonly [purpose: string, command: string])[] = [
  ['Which devices can fence a node', 'stonith_admin --list node2'],
  ['What does an agent need', 'stonith_admin --metadata --agent fence_xvm'],
  ['Are the parameters right', 'stonith_admin --validate --agent fence_xvm --option port=node2'],
  ['Reboot a node, and give up after a minute', 'stonith_admin --reboot node2 --timeout 60'],
  ['What was fenced, by whom, and what failed', "stonith_admin --history '*' --verbose"],
  ['Forget the failures', "stonith_admin --history '*' --cleanup"],
  ['A node is down for sure, and no device can tell', 'stonith_admin --confirm node2'],
]
