import type { Option } from '../pacemaker/command-line.ts'

const operations = { group: 'Operations' }
const synthetic = { group: 'Synthetic Cluster Events' }
const artifacts = { group: 'Artifact Options' }
const source = { group: 'Data Source' }

/** Options of crm_simulate (behaviour/pacemaker-tools.md 10). */
export const simulateOptions: readonly Option[] = [
  { short: 'h', long: 'help', help: 'Show this text', group: 'Help Options' },
  { short: '', long: 'help-all', help: '', group: 'Help Options' },
  { short: '$', long: 'version', help: 'Show the version', group: 'Help Options' },
  { short: 'V', long: 'verbose', help: 'Say more (repeatable)', group: 'Help Options' },
  { short: 'Q', long: 'quiet', help: 'Show only what is essential', group: 'Help Options' },
  { short: '', long: 'output-as', argument: 'FORMAT', help: 'text (default), xml or json', group: 'Output Options' },
  {
    short: '',
    long: 'output-to',
    argument: 'FILE',
    help: 'Where to print ("-": standard output)',
    group: 'Output Options',
  },
  { short: '', long: 'text-fancy', help: '', group: 'Output Options' },
  { short: 'R', long: 'run', help: 'Process the input and show what would be done', ...operations },
  { short: 'S', long: 'simulate', help: 'Like --run, and show what it would lead to', ...operations },
  // Shown in any case; taken for the sake of old scripts.
  { short: 'j', long: 'pending', help: '', ...operations },
  { short: 'X', long: 'in-place', help: 'Like --simulate, and keep the result in the input', ...operations },
  { short: 'A', long: 'show-attrs', help: 'Show the attributes of nodes', ...operations },
  { short: 'c', long: 'show-failcounts', help: 'Show how often resources failed', ...operations },
  { short: 's', long: 'show-scores', help: 'Show scores', ...operations },
  { short: 'U', long: 'show-utilization', help: 'Show what capacity is used', ...operations },
  {
    short: 'P',
    long: 'profile',
    argument: 'DIR',
    help: 'Process every CIB of a folder, and show how long it took',
    ...operations,
  },
  {
    short: 'N',
    long: 'repeat',
    argument: 'N',
    isInteger: true,
    help: 'With --profile: how often',
    ...operations,
  },
  { short: 'u', long: 'node-up', argument: 'NODE', help: 'Bring a node online', ...synthetic },
  { short: 'd', long: 'node-down', argument: 'NODE', help: 'Take a node offline', ...synthetic },
  { short: 'f', long: 'node-fail', argument: 'NODE', help: 'Have a node fail', ...synthetic },
  { short: 'i', long: 'op-inject', argument: 'OPSPEC', help: 'Pretend that an operation has happened', ...synthetic },
  { short: 'F', long: 'op-fail', argument: 'OPSPEC', help: 'Have an operation fail, should it be done', ...synthetic },
  { short: 't', long: 'set-datetime', argument: 'DATETIME', help: 'Pretend that it is another time', ...synthetic },
  { short: 'q', long: 'quorum', argument: 'QUORUM', help: 'Have quorum, or not (true or false)', ...synthetic },
  { short: 'w', long: 'watchdog', argument: 'DEVICE', help: 'Have a watchdog, or not (true or false)', ...synthetic },
  { short: 'g', long: 'ticket-grant', argument: 'TICKET', help: 'Grant a ticket', ...synthetic },
  { short: 'r', long: 'ticket-revoke', argument: 'TICKET', help: 'Revoke a ticket', ...synthetic },
  { short: 'b', long: 'ticket-standby', argument: 'TICKET', help: 'Put a ticket on standby', ...synthetic },
  { short: 'e', long: 'ticket-activate', argument: 'TICKET', help: 'Take a ticket off standby', ...synthetic },
  { short: 'I', long: 'save-input', argument: 'FILE', help: 'Keep the input', ...artifacts },
  { short: 'O', long: 'save-output', argument: 'FILE', help: 'Keep the CIB after the simulation', ...artifacts },
  { short: 'G', long: 'save-graph', argument: 'FILE', help: 'Keep the transition graph (XML)', ...artifacts },
  { short: 'D', long: 'save-dotfile', argument: 'FILE', help: 'Keep the transition graph (DOT)', ...artifacts },
  { short: 'a', long: 'all-actions', help: 'Show in the DOT graph what is not done too', ...artifacts },
  { short: 'L', long: 'live-check', help: 'Use the CIB of the cluster', ...source },
  { short: 'x', long: 'xml-file', argument: 'FILE', help: 'Use the CIB in a file ("-": standard input)', ...source },
  { short: 'p', long: 'xml-pipe', help: 'Read the CIB from standard input', ...source },
]

/** What people do with crm_simulate. An OPSPEC is RESOURCE_TASK_INTERVAL@NODE=RC, the interval in milliseconds. */
export const simulateExamples: readonly (readonly [purpose: string, command: string])[] = [
  ['What would the cluster do now', 'crm_simulate --live-check --run'],
  ['What would it do without a node', 'crm_simulate --live-check --simulate --node-down node1'],
  [
    'What if a monitor finds a resource stopped and then the stop fails',
    'crm_simulate -LS --op-inject web_monitor_10000@node1=7 --op-fail web_stop_0@node1=1 --save-output after.xml',
  ],
  ['And what would follow from that', 'crm_simulate -S --xml-file after.xml'],
]
