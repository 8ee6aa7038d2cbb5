import { failed, ok, type Result } from '@quorate/base'
import { type ConfFault, type ConfNode, type ConfValue, sectionOf, settingOf } from './conf-tree.ts'
import type { Group } from './groups.ts'
import { type HashName, hashNames } from './hash.ts'
import { defaultRateLimit, type RateLimit } from './rate-limit.ts'

/** What the multicast, tcp and vsock listeners share. */
export type SecurityConf = { readonly keyFile: string; readonly hash: HashName; readonly auth: HashName }

/** A listener as configured, its defaults filled in. */
export type ListenerConf =
  | ({
      readonly kind: 'multicast'
      readonly family: 'ipv4' | 'ipv6'
      readonly address: string
      readonly port: number
      readonly interface: string | undefined
    } & SecurityConf)
  | ({
      readonly kind: 'tcp'
      readonly family: 'ipv4' | 'ipv6'
      /** Of that family, or the name of one. */
      readonly address: string
      readonly port: number
    } & SecurityConf)
  | ({ readonly kind: 'vsock'; readonly port: number } & SecurityConf)
  | {
      readonly kind: 'serial'
      readonly uri: string | undefined
      readonly path: string | undefined
      readonly mode: 'serial' | 'vmchannel'
    }

/** A backend as configured. */
export type BackendConf =
  | { readonly kind: 'libvirt'; readonly uris: readonly string[] }
  | {
      readonly kind: 'cpg'
      readonly uris: readonly string[]
      readonly nameMode: 'name' | 'uuid'
      readonly group: string
    }
  | { readonly kind: 'pacemaker' }
  | {
      readonly kind: 'libvirt-qmf'
      readonly host: string
      readonly port: number
      readonly username: string | undefined
      readonly service: string | undefined
    }
  | { readonly kind: 'null'; readonly message: string }

/** A whole fence_virt.conf. */
export type DaemonConf = {
  readonly listener: ListenerConf
  readonly backend: BackendConf
  readonly groups: readonly Group[]
  readonly debugLevel: number
  readonly isForeground: boolean
  readonly waitsForInit: boolean
  readonly rateLimit: RateLimit
  /** Things that were read over: unknown keys, with their lines. */
  readonly warnings: readonly ConfFault[]
}

/** Key file of the listeners where none is named (fence_virt.conf(5)). */
export const defaultKeyFile = '/etc/cluster/fence_xvm.key'
/** Port of every listener. */
export const defaultPort = 1229
/** Multicast groups of the two families. */
export const defaultGroups = { ipv4: '225.0.0.12', ipv6: 'ff05::3:1' } as const
const loopbacks = { ipv4: '127.0.0.1', ipv6: '::1' } as const
/** Name of the CPG group since fence-virt became part of fence-agents (4.x). */
export const defaultCpgGroup = 'fence-agents'

/** Keys that each section knows; others are warned of. `uri` also stands for uri1, uri2 ... */
const knownKeys: Readonly<Record<string, readonly string[]>> = {
  fence_virtd: [
    'listener',
    'backend',
    'debug',
    'foreground',
    'wait_for_init',
    'wait_for_backend',
    'module_path',
    'name_mode',
    'rate_burst',
    'rate_per_second',
  ],
  'listeners/multicast': ['key_file', 'hash', 'auth', 'family', 'address', 'port', 'interface'],
  'listeners/tcp': ['key_file', 'hash', 'auth', 'family', 'address', 'port', 'strict_compat'],
  'listeners/vsock': ['key_file', 'hash', 'auth', 'port', 'strict_compat'],
  'listeners/serial': ['uri', 'path', 'mode'],
  'backends/libvirt': ['uri'],
  'backends/cpg': ['uri', 'name_mode', 'group'],
  'backends/pacemaker': [],
  'backends/pm-fence': ['pmlib_loglevel'],
  'backends/libvirt-qmf': ['host', 'port', 'username', 'service', 'gssapi'],
  'backends/null': ['message'],
  'groups/group': ['name', 'uuid', 'ip'],
}

/** Where a listener or backend goes by several names. */
const backendNames: Readonly<Record<string, BackendConf['kind'] | 'checkpoint'>> = {
  libvirt: 'libvirt',
  cpg: 'cpg',
  pacemaker: 'pacemaker',
  'pm-fence': 'pacemaker',
  'libvirt-qmf': 'libvirt-qmf',
  null: 'null',
  checkpoint: 'checkpoint',
}

/** Names that `fence_virtd -l` lists. */
export const listenerNames = ['multicast', 'serial', 'tcp', 'vsock'] as const
export const backendKinds = ['cpg', 'libvirt', 'libvirt-qmf', 'null', 'pacemaker'] as const

class Refusal extends Error {
  readonly fault: ConfFault
  constructor(line: number, key: string, why: string) {
    super(why)
    this.fault = { line, key, why }
  }
}

/** Reads the values of one section, each refused with its line and its path. */
class Section {
  readonly #node: ConfNode | undefined
  readonly #path: string
  readonly #parentLine: number

  constructor(node: ConfNode | undefined, path: string, parentLine: number) {
    this.#node = node
    this.#path = path
    this.#parentLine = parentLine
  }

  refuse(key: string, why: string): Refusal {
    const line = settingOf(this.#node, key)?.line ?? this.#node?.line ?? this.#parentLine
    return new Refusal(line, key === '' ? this.#path : `${this.#path}/${key}`, why)
  }

  text(key: string): string | undefined {
    return settingOf(this.#node, key)?.text
  }

  oneOf<T extends string>(key: string, choices: readonly T[], preset: T): T {
    const text = this.text(key)
    if (text === undefined) return preset
    const found = choices.find((choice) => choice === text.toLowerCase())
    if (found === undefined) throw this.refuse(key, `expected ${choices.join(', ')}, got '${text}'`)
    return found
  }

  integer(key: string, low: number, high: number, preset: number): number {
    const text = this.text(key)
    if (text === undefined) return preset
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= low && value <= high)) throw this.refuse(key, `expected a number in ${low}..${high}, got '${text}'`)
    return value
  }

  flag(key: string): boolean {
    return this.oneOf(key, ['0', '1', 'no', 'yes'], '0').match(/1|yes/) !== null
  }

  /**
   * uri, uri1, uri2 ...: the first that is missing ends the list. A hypervisor that is named again is the same one, whose
   * machines are listed once.
   */
  uris(): readonly string[] {
    const uris = new Set<string>()
    for (let number = 0; ; number += 1) {
      const next = this.text(number === 0 ? 'uri' : `uri${number}`)
      if (next === undefined) return [...uris]
      uris.add(next)
    }
  }
}

/** Makes sense of a parsed fence_virt.conf: every wrong value is refused with its line and key. */
export function readDaemonConf(root: ConfNode, keyFile = defaultKeyFile): Result<DaemonConf, ConfFault> {
  try {
    const main = sectionOf(root, 'fence_virtd')
    const section = new Section(main, 'fence_virtd', root.line)
    const listeners = sectionOf(root, 'listeners')
    const backends = sectionOf(root, 'backends')
    return ok({
      listener: readListener(section, listeners, keyFile),
      backend: readBackend(section, backends),
      groups: (sectionOf(root, 'groups')?.nodes ?? []).filter((node) => same(node.name, 'group')).map(readGroup),
      debugLevel: section.integer('debug', 0, 99, 0),
      isForeground: section.flag('foreground'),
      waitsForInit: section.flag('wait_for_init') || section.flag('wait_for_backend'),
      rateLimit: {
        burst: section.integer('rate_burst', 1, 1_000_000, defaultRateLimit.burst),
        perSecond: section.integer('rate_per_second', 1, 1_000_000, defaultRateLimit.perSecond),
      },
      warnings: unknownKeys(root),
    })
  } catch (error) {
    if (error instanceof Refusal) return failed(error.fault)
    throw error
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function readListener(main: Section, listeners: ConfNode | undefined, keyFile: string): ListenerConf {
  const name = main.text('listener')
  if (name === undefined) throw main.refuse('listener', `required; expected one of ${listenerNames.join(', ')}`)
  const section = new Section(sectionOf(listeners, name), `listeners/${name}`, listeners?.line ?? 1)
  switch (name.toLowerCase()) {
    case 'multicast': {
      const family = section.oneOf('family', ['ipv4', 'ipv6'], 'ipv4')
      return {
        kind: 'multicast',
        ...readSecurity(section, keyFile),
        family,
        address: address(section, family, defaultGroups[family]),
        port: section.integer('port', 1, 65_535, defaultPort),
        interface: interfaceOf(section.text('interface')),
      }
    }
    case 'tcp': {
      const family = section.oneOf('family', ['ipv4', 'ipv6'], 'ipv4')
      const port = section.integer('port', 1, 65_535, defaultPort)
      return {
        kind: 'tcp',
        ...compatible(section, readSecurity(section, keyFile)),
        family,
        address: hostAddress(section, family, loopbacks[family]),
        port,
      }
    }
    case 'vsock': {
      const port = section.integer('port', 1, 0xffff_fffe, defaultPort)
      return { kind: 'vsock', ...compatible(section, readSecurity(section, keyFile)), port }
    }
    case 'serial':
      return { kind: 'serial', uri: section.text('uri'), path: section.text('path'), mode: serialMode(section) }
    default:
      throw main.refuse('listener', `expected one of ${listenerNames.join(', ')}, got '${name}'`)
  }
}

/** The wizard of the C daemon writes "none" for all interfaces. */
function interfaceOf(text: string | undefined): string | undefined {
  return text === undefined || same(text, 'none') ? undefined : text
}

function readSecurity(section: Section, keyFile: string): SecurityConf {
  return {
    keyFile: section.text('key_file') ?? keyFile,
    hash: section.oneOf('hash', hashNames, 'sha256'),
    auth: section.oneOf('auth', hashNames, 'sha256'),
  }
}

/** What the C daemon makes of `auth` in tcp and vsock: it lands in `hash`, and the challenge stays at sha256. */
function compatible(section: Section, security: SecurityConf): SecurityConf {
  if (!section.flag('strict_compat')) return security
  return { ...security, hash: section.oneOf('auth', hashNames, security.hash), auth: 'sha256' }
}

function address(section: Section, family: 'ipv4' | 'ipv6', preset: string): string {
  const text = section.text('address')
  if (text === undefined) return preset
  if (!isAddress(family, text)) throw section.refuse('address', `expected an ${family} address, got '${text}'`)
  return text
}

/** Whether a text is an address of that family; one of IPv6 may have a zone. */
export function isAddress(family: 'ipv4' | 'ipv6', text: string): boolean {
  const shape = family === 'ipv4' ? /^\d{1,3}(?:\.\d{1,3}){3}$/ : /^[0-9a-f:.]+(?:%[\w.-]+)?$/i
  return shape.test(text) && (family === 'ipv6' ? text.includes(':') : text.split('.').every((n) => +n < 256))
}

/** An address, or the name of one, which is looked up when the listener starts. Digits and dots alone are no name. */
function hostAddress(section: Section, family: 'ipv4' | 'ipv6', preset: string): string {
  const text = section.text('address')
  if (text !== undefined && hostName.test(text) && /[^\d.]/.test(text)) return text
  return address(section, family, preset)
}

const hostName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i

/** serial and vmchannel have numbers in old files: 0 and 1. */
function serialMode(section: Section): 'serial' | 'vmchannel' {
  const mode = section.oneOf('mode', ['serial', 'vmchannel', '0', '1'], 'serial')
  return mode === 'vmchannel' || mode === '1' ? 'vmchannel' : 'serial'
}

function readBackend(main: Section, backends: ConfNode | undefined): BackendConf {
  const name = main.text('backend')
  if (name === undefined) throw main.refuse('backend', `required; expected one of ${backendKinds.join(', ')}`)
  const section = new Section(sectionOf(backends, name), `backends/${name}`, backends?.line ?? 1)
  const kind = Object.hasOwn(backendNames, name.toLowerCase()) ? backendNames[name.toLowerCase()] : undefined
  switch (kind) {
    case 'libvirt':
      return { kind, uris: required(section) }
    case 'cpg':
      return {
        kind,
        uris: required(section),
        nameMode: section.oneOf('name_mode', ['name', 'uuid'], main.oneOf('name_mode', ['name', 'uuid'], 'name')),
        group: section.text('group') ?? defaultCpgGroup,
      }
    case 'pacemaker':
      return { kind }
    case 'libvirt-qmf':
      return {
        kind,
        host: section.text('host') ?? '127.0.0.1',
        port: section.integer('port', 1, 65_535, 5672),
        username: section.text('username'),
        service: section.text('service'),
      }
    case 'null':
      return { kind, message: section.text('message') ?? 'Hi!' }
    case 'checkpoint':
      throw main.refuse('backend', `'checkpoint' needed OpenAIS, which is gone; use 'cpg', its successor`)
    case undefined:
      throw main.refuse('backend', `expected one of ${backendKinds.join(', ')}, got '${name}'`)
    default:
      return kind
  }
}

function required(section: Section): readonly string[] {
  const uris = section.uris()
  if (uris.length === 0) throw section.refuse('uri', `required, for example "qemu:///system"`)
  return uris
}

function readGroup(node: ConfNode): Group {
  const all = (key: string): readonly string[] =>
    node.values.filter((value: ConfValue) => same(value.key, key)).map((value) => value.text)
  return { name: settingOf(node, 'name')?.text ?? node.label, uuids: all('uuid'), ips: all('ip') }
}

function unknownKeys(root: ConfNode): readonly ConfFault[] {
  const found: ConfFault[] = []
  const look = (node: ConfNode, path: string): void => {
    const known = Object.hasOwn(knownKeys, path) ? knownKeys[path] : undefined
    for (const value of node.values) {
      const key = value.key.toLowerCase().replace(/^uri\d+$/, 'uri')
      if (known?.includes(key)) continue
      found.push({ line: value.line, key: `${path}/${value.key}`, why: 'not a key of this section; ignored' })
    }
    for (const child of node.nodes)
      look(child, path === '' ? child.name.toLowerCase() : `${path}/${child.name.toLowerCase()}`)
  }
  look(root, '')
  return found
}
