import { type ConfNode, type ConfValue, sectionOf, settingOf } from './conf-tree.ts'
import { backendKinds, defaultGroups, defaultKeyFile, defaultPort, isAddress, listenerNames } from './daemon-conf.ts'

/** What the wizard asks of the one who configures: text before the question, the question, and what Enter means. */
export type WizardQuestion = {
  readonly before: string
  readonly question: string
  readonly preset: string
}

/** Directory that C daemons load plugins from; kept in the file for them, of no meaning to this one. */
const modulePath = '/usr/lib/x86_64-linux-gnu/fence-virt/'

const keyFileText = `
The key file holds the secret that hosts and guests share. Every host and every
guest of the cluster needs the same one.
`
const backendText = `
A backend carries requests out: it knows the hypervisor or the cluster.
`
const listenerText = `
A listener takes requests of guests in.
`

/**
 * fence_virtd -c: asks for one thing after the other and ends with the configuration. The answer to each question is
 * what was typed, or the preset where that was nothing. Asks in the order of the C program, so that its answer files work.
 */
export function* wizard(
  current: ConfNode | undefined,
  keyFile = defaultKeyFile,
): Generator<WizardQuestion, ConfNode, string> {
  const main = sectionOf(current, 'fence_virtd')
  const path = yield* ask('Module search path', settingOf(main, 'module_path')?.text ?? modulePath, '')
  const modules = `
Available backends:
${backendKinds.map((name) => `    ${name}`).join('\n')}
Available listeners:
${listenerNames.map((name) => `    ${name}`).join('\n')}
${listenerText}
`
  const listener = yield* choose(
    'Listener module',
    'listener',
    listenerNames,
    settingOf(main, 'listener')?.text ?? 'multicast',
    modules,
  )
  const listeners = yield* listenerValues(listener, sectionOf(sectionOf(current, 'listeners'), listener), keyFile)
  const backend = yield* choose(
    'Backend module',
    'backend',
    [...backendKinds],
    settingOf(main, 'backend')?.text ?? 'libvirt',
    `${backendText}\n`,
  )
  const backends = yield* backendValues(backend, sectionOf(sectionOf(current, 'backends'), backend))
  const kept = (current?.nodes ?? []).filter(({ name }) => !/^(?:backends|listeners|fence_virtd)$/i.test(name))
  const rest = (main?.values ?? []).filter(({ key }) => !/^(?:module_path|listener|backend)$/i.test(key))
  return node('', [
    ...kept,
    node('backends', [...othersThan(backend, sectionOf(current, 'backends')), ...made(backend, backends)]),
    node('listeners', [...othersThan(listener, sectionOf(current, 'listeners')), ...made(listener, listeners)]),
    node(
      'fence_virtd',
      [],
      [...rest, value('backend', backend), value('listener', listener), value('module_path', path)],
    ),
  ])
}

/** What is configured beside the chosen one stays: it may be chosen again. */
function othersThan(chosen: string, section: ConfNode | undefined): readonly ConfNode[] {
  return (section?.nodes ?? []).filter(({ name }) => name.toLowerCase() !== chosen.toLowerCase())
}

function made(name: string, values: readonly ConfValue[]): readonly ConfNode[] {
  return values.length === 0 ? [] : [node(name, [], values)]
}

type Questions<T> = Generator<WizardQuestion, T, string>

function* ask(question: string, preset: string, before: string): Questions<string> {
  const typed = (yield { before, question: `${question} [${preset}]: `, preset }).trim().replaceAll('"', '')
  return typed === '' ? preset : typed
}

function* choose(
  question: string,
  what: string,
  choices: readonly string[],
  preset: string,
  before: string,
): Questions<string> {
  let shown = before
  for (;;) {
    const answer = yield* ask(question, preset, shown)
    shown = ''
    if (choices.includes(answer.toLowerCase())) return answer.toLowerCase()
    const anyway = yield {
      before: `No ${what} module named ${answer} found!\n`,
      question: 'Use this value anyway [y/N]? ',
      preset: 'n',
    }
    if (/^y/i.test(anyway)) return answer
  }
}

/** Asks until the answer passes; `complaint` says what is wrong with one that does not. The preset has to pass. */
function* askUntil(
  question: string,
  preset: string,
  before: string,
  passes: (answer: string) => boolean,
  complaint: (answer: string) => string,
): Questions<string> {
  let shown = before
  for (;;) {
    const answer = yield* ask(question, preset, shown)
    if (passes(answer)) return answer
    shown = complaint(answer)
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535
}

function askPort(question: string, configured: string, before: string): Questions<string> {
  const preset = isPort(configured) ? configured : `${defaultPort}`
  return askUntil(question, preset, before, isPort, (port) => `Port value '${port}' is out of range\n`)
}

/** The preset passes whatever it is: in a file there may be a name. */
function askAddress(question: string, preset: string, before: string): Questions<string> {
  const passes = (address: string): boolean =>
    address === preset || isAddress('ipv4', address) || isAddress('ipv6', address)
  return askUntil(question, preset, before, passes, (address) => `'${address}' is not a valid IP address!\n`)
}

const serialModes: readonly string[] = ['serial', 'vmchannel']

/** Another mode is taken from one who insists, as the C program takes it. */
function* askMode(preset: string): Questions<string> {
  let shown = modeText
  for (;;) {
    const mode = yield* ask('Mode (serial or vmchannel)', preset, shown)
    if (serialModes.includes(mode.toLowerCase())) return mode
    const anyway = yield { before: `Invalid mode: ${mode}\n`, question: 'Use anyway [Y/n]? ', preset: 'y' }
    if (!/^n/i.test(anyway)) return mode
    shown = ''
  }
}

function* listenerValues(
  listener: string,
  current: ConfNode | undefined,
  keyPreset: string,
): Questions<readonly ConfValue[]> {
  const now = (key: string, preset: string): string => settingOf(current, key)?.text ?? preset
  const changed = yield* changedListenerValues(listener, now, keyPreset)
  const keys = new Set(changed.map(({ key }) => key))
  return [...(current?.values ?? []).filter(({ key }) => !keys.has(key)), ...changed.filter(({ text }) => text !== '')]
}

function* changedListenerValues(
  listener: string,
  now: (key: string, preset: string) => string,
  keyPreset: string,
): Questions<readonly ConfValue[]> {
  switch (listener) {
    case 'multicast': {
      const address = yield* askAddress('Multicast IP Address', now('address', defaultGroups.ipv4), multicastText)
      const family = address.includes(':') ? 'ipv6' : 'ipv4'
      const port = yield* askPort('Multicast IP Port', now('port', `${defaultPort}`), familyText(family))
      const only = yield* ask('Interface', now('interface', 'none'), interfaceText)
      const keyFile = yield* ask('Key File', now('key_file', keyPreset), `${keyFileText}\n`)
      return [
        value('key_file', keyFile),
        value('interface', only === 'none' ? '' : only),
        value('port', port),
        value('address', address),
        value('family', family),
      ]
    }
    case 'tcp': {
      const address = yield* askAddress('TCP Listen IP Address', now('address', '127.0.0.1'), tcpText)
      const family = address.includes(':') ? 'ipv6' : 'ipv4'
      const port = yield* askPort('TCP Listen Port', now('port', `${defaultPort}`), familyText(family))
      const keyFile = yield* ask('Key File', now('key_file', keyPreset), `${keyFileText}\n`)
      return [value('key_file', keyFile), value('port', port), value('address', address), value('family', family)]
    }
    case 'serial': {
      const uri = yield* ask('Libvirt URI', now('uri', 'qemu:///system'), serialText)
      const path = yield* ask('Socket directory', now('path', 'none'), directoryText)
      const mode = yield* askMode(now('mode', 'serial'))
      return [value('mode', mode), value('path', path === 'none' ? '' : path), value('uri', uri)]
    }
    case 'vsock': {
      const port = yield* ask('Vsock Port', now('port', `${defaultPort}`), '')
      const keyFile = yield* ask('Key File', now('key_file', keyPreset), `${keyFileText}\n`)
      return [value('key_file', keyFile), value('port', port)]
    }
    default:
      return []
  }
}

function* backendValues(backend: string, current: ConfNode | undefined): Questions<readonly ConfValue[]> {
  const now = (key: string, preset: string): string => settingOf(current, key)?.text ?? preset
  const others = (...keys: readonly string[]): readonly ConfValue[] =>
    (current?.values ?? []).filter(({ key }) => !keys.includes(key))
  switch (backend) {
    case 'libvirt': {
      const uri = yield* ask('Libvirt URI', now('uri', 'qemu:///system'), libvirtText)
      return [...others('uri'), value('uri', uri)]
    }
    case 'cpg': {
      const uri = yield* ask('Libvirt URI', now('uri', 'qemu:///system'), cpgText)
      const isUuid = now('name_mode', 'uuid').toLowerCase() !== 'name'
      const mode = yield* askUntil(
        'VM naming/tracking mode (name or uuid)',
        isUuid ? 'uuid' : 'name',
        nameModeText,
        (answer) => /^(?:name|uuid)$/i.test(answer),
        () => '',
      )
      return [...others('uri', 'name_mode'), value('name_mode', mode), value('uri', uri)]
    }
    case 'libvirt-qmf': {
      const host = yield* ask('AMQP host', now('host', '127.0.0.1'), '')
      const port = yield* askPort('AMQP port', now('port', '5672'), '')
      return [...others('host', 'port'), value('port', port), value('host', host)]
    }
    default:
      return current?.values ?? []
  }
}

const multicastText = `
The multicast listener serves guests that share a network with their hosts.
Guests send their requests to this address.

`
const tcpText = `
The tcp listener serves clients that connect to this address.

`
const interfaceText = `
With an interface named here, only requests that come in by it are heard. Name it
(often virbr0) where guests use this host as their gateway; 'none' means all.

`
const serialText = `
The serial listener talks to guests over their serial ports or channels, without
a network. Guests need such a device: see fence_virt.conf(5).

`
const directoryText = `
Only sockets that lie in this directory are served; 'none' means all of them.

`
const modeText = `
Guests are reached by a serial port or by a vmchannel.

`
const libvirtText = `
The libvirt backend knows the guests of this host alone. It does not fit where
guests move between hosts.

`
const cpgText = `
The cpg backend asks the host that a guest runs on, by way of corosync.

`
const nameModeText = `
Names may occur twice in a cluster of hosts, UUIDs do not.

`

function familyText(family: string): string {
  return `\nUsing ${family} as family.\n\n`
}

function value(key: string, text: string): ConfValue {
  return { key, text, line: 0 }
}

function node(name: string, nodes: readonly ConfNode[], values: readonly ConfValue[] = []): ConfNode {
  return { name, label: undefined, nodes, values, line: 0 }
}
