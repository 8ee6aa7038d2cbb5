import type { Option } from '../pacemaker/command-line.ts'
import { parseSpanMs } from '../pacemaker/time-span.ts'

const output = { group: 'Output Options' }
const display = { group: 'Display Options' }
const old = { group: 'Deprecated Options' }
const more = { group: 'Additional Options' }

/** The highest level of `--fence-history`. */
const fenceHistoryMax = 3

/** What is wrong with a level: what is no number counts as one that is not too high. */
function levelFault(text: string): string | undefined {
  return Number.parseInt(text, 10) > fenceHistoryMax ? `Fence history must be 0-${fenceHistoryMax}` : undefined
}

function intervalFault(text: string): string | undefined {
  return parseSpanMs(text) === undefined ? `Invalid value for -i: ${text}` : undefined
}

/** Options of crm_mon (behaviour/pacemaker-tools.md 3). */
export const monitorOptions: readonly Option[] = [
  { short: '?', long: 'help', help: 'Show this text', group: 'Help Options' },
  { short: '', long: 'help-all', help: '', group: 'Help Options' },
  { short: '$', long: 'version', help: 'Show the version', group: 'Help Options' },
  { short: 'V', long: 'verbose', help: 'Say more (repeatable)', group: 'Help Options' },
  { short: '', long: 'output-as', argument: 'FORMAT', help: 'console (default), text, html, xml or json', ...output },
  { short: '', long: 'output-to', argument: 'FILE', help: 'Where to print ("-": standard output)', ...output },
  { short: '', long: 'html-cgi', help: 'Put CGI headers before HTML', ...output },
  { short: '', long: 'html-stylesheet', argument: 'URI', help: 'Style sheet of HTML', ...output },
  { short: '', long: 'html-title', argument: 'TITLE', help: 'Title of HTML', ...output },
  { short: '', long: 'text-fancy', help: '', ...output },
  {
    short: 'I',
    long: 'include',
    argument: 'SECTIONS',
    help: 'Sections to show too ("list": which there are)',
    ...display,
  },
  { short: 'U', long: 'exclude', argument: 'SECTIONS', help: 'Sections not to show', ...display },
  {
    short: '',
    long: 'node',
    argument: 'NODE',
    help: 'Only what is about this node, or nodes with this tag',
    ...display,
  },
  { short: '', long: 'resource', argument: 'RSC', help: 'Only what is about this resource, or this tag', ...display },
  { short: 'n', long: 'group-by-node', help: 'Resources beneath their nodes', ...display },
  { short: 'r', long: 'inactive', help: 'Resources that do not run too', ...display },
  { short: 'f', long: 'failcounts', help: 'How often resources failed', ...display },
  { short: 'o', long: 'operations', help: 'History of operations', ...display },
  { short: 't', long: 'timing-details', help: 'History of operations with times', ...display },
  { short: 'c', long: 'tickets', help: 'Tickets', ...display },
  {
    short: 'm',
    long: 'fence-history',
    argument: 'LEVEL',
    isArgumentOptional: true,
    fault: levelFault,
    help: 'Fencing: 0 none, 1 failed and pending, 2 successful too, 3 all',
    ...display,
  },
  {
    short: 'L',
    long: 'neg-locations',
    argument: 'PREFIX',
    isArgumentOptional: true,
    help: 'Constraints that keep resources off nodes',
    ...display,
  },
  { short: 'A', long: 'show-node-attributes', help: 'Attributes of nodes', ...display },
  { short: 'D', long: 'hide-headers', help: 'Without the summary', ...display },
  { short: 'R', long: 'show-detail', help: 'Ids of nodes, instances of clones', ...display },
  { short: 'b', long: 'brief', help: 'Short form', ...display },
  { short: 'j', long: 'pending', help: '', ...display },
  { short: 's', long: 'simple-status', help: 'One line, as monitoring systems want it', ...display },
  {
    short: 'i',
    long: 'interval',
    argument: 'TIME',
    fault: intervalFault,
    help: 'Time between updates (5 seconds)',
    ...more,
  },
  { short: '1', long: 'one-shot', help: 'Show the status once', ...more },
  { short: 'd', long: 'daemonize', help: '', ...more },
  { short: 'p', long: 'pid-file', argument: 'FILE', help: '', ...more },
  { short: 'E', long: 'external-agent', argument: 'FILE', help: '', ...more },
  { short: 'e', long: 'external-recipient', argument: 'RCPT', help: '', ...more },
  { short: 'W', long: 'watch-fencing', help: '', ...more },
  { short: 'h', long: 'as-html', argument: 'FILE', help: '', ...old },
  { short: 'X', long: 'as-xml', help: '', ...old },
  { short: 'N', long: 'disable-ncurses', help: '', ...old },
  { short: 'w', long: 'web-cgi', help: '', ...old },
  { short: 'Q', long: 'quiet', help: '' },
]
