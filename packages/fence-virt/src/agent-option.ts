/** The two clients, told apart by the name they are started under. */
export type AgentName = 'fence_xvm' | 'fence_virt'

/** An option of the clients: on the command line, on standard input, and in the metadata. */
export type AgentOption = {
  readonly letter: string
  /** Key on standard input, and name in the metadata; undefined for -h, -? and -V. */
  readonly key: string | undefined
  /** Shown in the usage: `<family>`. Undefined for an option without a value. */
  readonly value: string | undefined
  /** The value may be left out, and stands close to its letter if it does not. */
  readonly isValueOptional?: boolean
  readonly type: 'boolean' | 'string' | 'integer'
  readonly preset: string | undefined
  readonly isRequired?: boolean
  readonly obsoletes?: string
  /** In the metadata and on standard input, but not in the usage. */
  readonly isDeprecated?: boolean
  readonly text: string
}

const debug: AgentOption = {
  letter: 'd',
  key: 'debug',
  value: undefined,
  type: 'boolean',
  preset: undefined,
  text: 'Specify (stdin) or increment (command line) debug level',
}
const ipFamily: AgentOption = {
  letter: 'i',
  key: 'ip_family',
  value: '<family>',
  type: 'string',
  preset: 'auto',
  text: 'IP Family ([auto], ipv4, ipv6)',
}
const multicastAddress: AgentOption = {
  letter: 'a',
  key: 'multicast_address',
  value: '<address>',
  type: 'string',
  preset: undefined,
  text: 'Multicast address (default=225.0.0.12 / ff05::3:1)',
}
const ipPort: AgentOption = {
  letter: 'p',
  key: 'ipport',
  value: '<port>',
  type: 'string',
  preset: '1229',
  text: 'TCP, Multicast, VMChannel, or VM socket port (default=1229)',
}
const retransmit: AgentOption = {
  letter: 'r',
  key: 'retrans',
  value: '<retrans>',
  type: 'string',
  preset: '20',
  text: 'Multicast retransmit time (in 1/10sec; default=20)',
}
const auth: AgentOption = {
  letter: 'C',
  key: 'auth',
  value: '<auth>',
  type: 'string',
  preset: 'sha256',
  text: 'Authentication (none, sha1, [sha256], sha512)',
}
const hash: AgentOption = {
  letter: 'c',
  key: 'hash',
  value: '<hash>',
  type: 'string',
  preset: 'sha256',
  text: 'Packet hash strength (none, sha1, [sha256], sha512)',
}
const keyFile: AgentOption = {
  letter: 'k',
  key: 'key_file',
  value: '<file>',
  type: 'string',
  preset: '/etc/cluster/fence_xvm.key',
  text: 'Shared key file (default=/etc/cluster/fence_xvm.key)',
}
const plug: AgentOption = {
  letter: 'n',
  key: 'plug',
  value: '<domain>',
  type: 'string',
  preset: undefined,
  isRequired: true,
  obsoletes: 'port',
  text: 'Virtual Machine (domain name) to fence',
}
const port: AgentOption = {
  letter: 'H',
  key: 'port',
  value: '<domain>',
  type: 'string',
  preset: undefined,
  isRequired: true,
  isDeprecated: true,
  text: 'Virtual Machine (domain name) to fence',
}
const useUuid: AgentOption = {
  letter: 'u',
  key: 'use_uuid',
  value: undefined,
  type: 'string',
  preset: '0',
  text:
    'Treat [domain] as UUID instead of domain name. This is provided for compatibility with older fence_xvmd ' +
    'installations.',
}
const action: AgentOption = {
  letter: 'o',
  key: 'action',
  value: '<operation>',
  type: 'string',
  preset: 'reboot',
  text: 'Fencing action (null, off, on, [reboot], status, list, list-status, monitor, validate-all, metadata)',
}
const timeout: AgentOption = {
  letter: 't',
  key: 'timeout',
  value: '<timeout>',
  type: 'string',
  preset: '30',
  text: 'Fencing timeout (in seconds; default=30)',
}
const delay: AgentOption = {
  letter: 'w',
  key: 'delay',
  value: '<delay>',
  type: 'string',
  preset: '0',
  text: 'Fencing delay (in seconds; default=0)',
}
const domain: AgentOption = {
  letter: '',
  key: 'domain',
  value: '<domain>',
  type: 'string',
  preset: undefined,
  isDeprecated: true,
  text: 'Virtual Machine (domain name) to fence (deprecated; use port)',
}
const serialDevice: AgentOption = {
  letter: 'D',
  key: 'serial_device',
  value: '<device>',
  type: 'string',
  preset: '/dev/ttyS1',
  text: 'Serial device (default=/dev/ttyS1)',
}
const serialParameters: AgentOption = {
  letter: 'P',
  key: 'serial_params',
  value: '<param>',
  type: 'string',
  preset: '115200,8N1',
  text: 'Serial Parameters (default=115200,8N1)',
}
const channelAddress: AgentOption = {
  letter: 'A',
  key: 'channel_address',
  value: '<address>',
  type: 'string',
  preset: '10.0.2.179',
  text: 'VM Channel IP address (default=10.0.2.179)',
}
const ipAddress: AgentOption = {
  letter: 'T',
  key: 'ipaddr',
  value: '<address>',
  type: 'string',
  preset: '127.0.0.1',
  text: 'IP address to connect to in TCP mode (default=127.0.0.1 / ::1)',
}
const vsock: AgentOption = {
  letter: 'S',
  key: 'vsock',
  value: '<cid>',
  isValueOptional: true,
  type: 'integer',
  preset: '2',
  text: 'vm socket CID to connect to in vsock mode',
}

const word = (letter: string, text: string): AgentOption => ({
  letter,
  key: undefined,
  value: undefined,
  type: 'boolean',
  preset: undefined,
  text,
})
const questionMark = word('?', 'Help (alternate)')
const help = word('h', 'Help')
const version = word('V', 'Display version and exit')

/** The options of each client in the order of its usage (fence_xvm(8), fence_virt(8)). */
export const agentOptions: Readonly<Record<AgentName, readonly AgentOption[]>> = {
  fence_xvm: [
    debug,
    ipFamily,
    multicastAddress,
    ipPort,
    retransmit,
    auth,
    hash,
    keyFile,
    plug,
    port,
    useUuid,
    action,
    timeout,
    questionMark,
    help,
    version,
    delay,
    domain,
  ],
  fence_virt: [
    debug,
    serialDevice,
    serialParameters,
    channelAddress,
    ipPort,
    plug,
    port,
    action,
    timeout,
    questionMark,
    help,
    version,
    ipAddress,
    vsock,
    auth,
    hash,
    keyFile,
    delay,
    domain,
  ],
}

/** Keys on standard input that are taken and change nothing; `option` is the old name of action. */
export const otherStdinKeys: readonly string[] = ['agent', 'self', 'nodename', 'option']

const noteText = 'NOTE: reboot-action does not power on nodes that are powered off.'
const nameColumns = 22
const textColumns = 55

/** What `-h` and mistakes on the command line show. */
export function usageText(name: AgentName): string {
  const rows = agentOptions[name]
    .filter((option) => option.isDeprecated !== true && option.letter !== '')
    .map((option) => row(`-${option.letter}${option.value === undefined ? '' : ` ${option.value}`}`, option.text))
  return `usage: ${name} [args]\n\n${noteText}\n\n${rows.join('')}\n`
}

/** Keys of standard input, a row each: what mistakes on standard input show. */
export function stdinUsageText(name: AgentName): string {
  const rows = agentOptions[name]
    .filter((option) => option.isDeprecated !== true && option.key !== undefined)
    .map((option) => row(option.key ?? '', option.text))
  return `${rows.join('')}\n`
}

/** What `-h` shows behind the usage. */
export function stdinHelpText(name: AgentName): string {
  const intro =
    'With no command line argument, arguments are read from standard input.\n' +
    'Arguments read from standard input take the form of:\n\n' +
    '    arg1=value1\n    arg2=value2\n\n'
  return intro + stdinUsageText(name)
}

function row(name: string, text: string): string {
  const lines: string[] = []
  let line = ''
  for (const next of text.split(' ')) {
    if (line !== '' && line.length + 1 + next.length > textColumns) {
      lines.push(line)
      line = next
    } else {
      line = line === '' ? next : `${line} ${next}`
    }
  }
  lines.push(line)
  return lines
    .map((part, index) => `  ${(index === 0 ? name : '').padEnd(nameColumns)}${part.padEnd(textColumns)}\n`)
    .join('')
}

/** Actions of the metadata, in their order. */
const actions = [
  'null',
  'on',
  'off',
  'reboot',
  'metadata',
  'status',
  'monitor',
  'list',
  'list-status',
  'validate-all',
] as const

/** The XML by which a fencer learns the agent (Fence Agent API). */
export function metadataText(name: AgentName): string {
  const parameters = agentOptions[name].filter((option) => option.key !== undefined).map(parameterText)
  return `<?xml version="1.0" ?>
<resource-agent name="${name}" shortdesc="Fence agent for virtual machines">
<longdesc>${name} is an I/O Fencing agent which can be used with virtual machines.

${noteText}</longdesc>
<vendor-url>https://libvirt.org</vendor-url>
<parameters>
${parameters.join('')}</parameters>
<actions>
${actions.map((one) => `\t<action name="${one}" />\n`).join('')}</actions>
</resource-agent>
`
}

function parameterText(option: AgentOption): string {
  const marks =
    (option.isDeprecated === true ? ' deprecated="1"' : '') +
    (option.obsoletes === undefined ? '' : ` obsoletes="${option.obsoletes}"`)
  const preset = option.preset === undefined ? '' : ` default="${option.preset}"`
  const mixed = option.letter === '' ? '' : `-${option.letter}`
  return `\t<parameter name="${option.key}" unique="0" required="${option.isRequired === true ? 1 : 0}"${marks}>
\t\t<getopt mixed="${mixed}" />
\t\t<content type="${option.type}"${preset} />
\t\t<shortdesc lang="en">${option.text}</shortdesc>
\t</parameter>
`
}
