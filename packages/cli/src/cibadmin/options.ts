import type { Option } from '../pacemaker/command-line.ts'

const command = { group: 'Commands' }
const data = { group: 'Data' }
const more = { group: 'Additional options' }

/** Options of cibadmin (behaviour/pacemaker-tools.md 2). */
export const cibadminOptions: readonly Option[] = [
  { short: '?', long: 'help', help: 'Show this text' },
  { short: '$', long: 'version', help: 'Show the version' },
  { short: 'V', long: 'verbose', help: 'Say more (repeatable)' },
  { short: 'u', long: 'upgrade', help: 'Claim the newest schema that the CIB conforms to', ...command },
  { short: 'Q', long: 'query', help: 'Print the CIB, or a part of it', ...command },
  { short: 'E', long: 'erase', help: 'Empty the whole CIB', ...command },
  { short: 'B', long: 'bump', help: 'Count the epoch up by one', ...command },
  { short: 'C', long: 'create', help: 'Add an object; fails where it exists', ...command },
  {
    short: 'M',
    long: 'modify',
    help: 'Merge into an object found by name and id; fails where there is none, unless -c',
    ...command,
  },
  { short: 'P', long: 'patch', help: 'Apply a patch as crm_diff makes it', ...command },
  { short: 'R', long: 'replace', help: 'Put an object in the place of another', ...command },
  { short: 'D', long: 'delete', help: 'Remove the first object with this name and these attributes', ...command },
  { short: 'd', long: 'delete-all', help: 'With --xpath: remove all that matches', ...command },
  { short: 'a', long: 'empty', help: 'Print an empty CIB; a word behind it is the schema that it claims', ...command },
  { short: '5', long: 'md5-sum', help: 'Print the digest of XML as on disk', ...command },
  { short: '6', long: 'md5-sum-versioned', help: 'Print the digest of XML as on the wire', ...command },
  {
    short: 'S',
    long: 'show-access',
    argument: 'STYLE',
    isArgumentOptional: true,
    help: 'With --query and --user: show what the user may do (auto, color, text or namespace)',
    ...more,
  },
  { short: 'f', long: 'force', help: 'Allow what is dangerous', ...more },
  { short: 't', long: 'timeout', argument: 'SECONDS', help: 'How long to wait for an answer (30)', ...more },
  { short: 'U', long: 'user', argument: 'NAME', help: 'Act with the permissions of this user', ...more },
  { short: 's', long: 'sync-call', help: 'Wait for the call to complete', ...more },
  { short: 'l', long: 'local', help: 'Ask the local node only', ...more },
  { short: 'c', long: 'allow-create', help: 'With --modify: create what does not exist', ...more },
  { short: 'n', long: 'no-children', help: 'With --query: without what is inside', ...more },
  { short: 'X', long: 'xml-text', argument: 'XML', help: 'XML to work with', ...data },
  { short: 'x', long: 'xml-file', argument: 'FILE', help: 'File with XML to work with', ...data },
  { short: 'p', long: 'xml-pipe', help: 'Read XML from standard input', ...data },
  { short: 'o', long: 'scope', argument: 'SECTION', help: 'Part of the CIB to work on', ...data },
  { short: 'A', long: 'xpath', argument: 'XPATH', help: 'Objects to work on, instead of --scope', ...data },
  { short: 'e', long: 'node-path', help: 'With --xpath: print where the objects are', ...data },
  { short: 'N', long: 'node', argument: 'NODE', help: 'Ask this node', ...data },
  { short: 'h', long: 'host', argument: 'NODE', help: '', ...data },
]
