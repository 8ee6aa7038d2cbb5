import { failed, ok, type Result } from '@quorate/base'
import { nodeNameMax, nodesMax } from '../messaging/limits.ts'
import { durationMs } from './duration.ts'

/** One way of sending. A device is an interface of this machine. */
export type LinkConf =
  | { readonly kind: 'ucast'; readonly device: string; readonly address: string; readonly port: number }
  | { readonly kind: 'bcast'; readonly device: string; readonly port: number }
  | {
      readonly kind: 'mcast'
      readonly device: string
      readonly group: string
      readonly port: number
      /** Hops, 1..255. */
      readonly ttl: number
      readonly loop: boolean
    }

/** A program that is kept running; the end of one that is `failfast` ends the node's service. */
export type ChildConf = {
  readonly user: string
  readonly command: readonly string[]
  readonly isFailFast: boolean
}

/** Who may connect under a name: users or groups, by name or number. */
export type ApiAuth = { readonly users: readonly string[]; readonly groups: readonly string[] }

/** What ha.cf(5) says. Times are milliseconds. */
export type HaCf = {
  readonly nodes: readonly string[]
  readonly links: readonly LinkConf[]
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly warntimeMs: number
  readonly initdeadMs: number
  readonly hopFudge: number
  readonly autojoin: 'none' | 'other' | 'any'
  readonly uuidFrom: 'file' | 'nodename'
  readonly generationFrom: 'file' | 'time'
  readonly rexmitDelayMsMax: number
  readonly debugLevel: number
  readonly logFile: string | undefined
  readonly messageFormat: 'classic' | 'netstring'
  readonly children: readonly ChildConf[]
  readonly apiAuth: ReadonlyMap<string, ApiAuth>
  readonly environment: ReadonlyMap<string, string>
  /** What clients are told of directives (getparm), as it was written. */
  readonly parameters: ReadonlyMap<string, string>
  /** What is worth telling whoever wrote the file. */
  readonly remarks: readonly string[]
}

/** Bytes of the file. */
export const haCfBytesMax = 1024 * 1024
/** Links of a node; a ucast line each makes one. */
export const linksMax = 128
/** Programs of respawn and failfast lines. */
export const childrenMax = 64

/** Well-known port of Heartbeat, for ucast and bcast lines that follow no udpport line. */
const portDefault = 694

/** Authorizations that hold without a line in the file. */
const apiAuthDefaults: Readonly<Record<string, ApiAuth>> = {
  ipfail: { users: ['hacluster'], groups: [] },
  ccm: { users: ['hacluster'], groups: ['haclient'] },
  ping: { users: [], groups: ['haclient'] },
  cl_status: { users: [], groups: ['haclient'] },
  'lha-snmpagent': { users: ['root'], groups: ['haclient'] },
  crmd: { users: ['hacluster'], groups: [] },
}

/** Directives that this daemon cannot honour: a node that left them out would not be what the file asks for. */
const refused: Readonly<Record<string, string>> = {
  serial: 'serial links',
  ucast6: 'links over IPv6',
  mcast6: 'links over IPv6',
  tipc: 'links over TIPC',
  rds: 'links over RDS',
  ping: 'ping nodes',
  ping6: 'ping nodes',
  ping_group: 'ping groups',
  hbaping: 'ping nodes over Fibre Channel',
  watchdog: 'a watchdog device',
  stonith: 'STONITH of release 1',
  stonith_host: 'STONITH of release 1',
  compression: 'compressed messages',
  quorum_server: 'a quorum server',
}

/** Directives that are taken and change nothing here. */
const withoutEffect: ReadonlySet<string> = new Set([
  'auto_failback',
  'nice_failback',
  'baud',
  'deadping',
  'compression_threshold',
  'conn_logd_time',
  'coredumps',
  'coreroot',
  'crm_daemon_dir',
  'crmd_spawns_pengine',
  'debugfile',
  'enable_config_writes',
  'logfacility',
  'log_badpack',
  'memreserve',
  'normalpoll',
  'realtime',
  'record_config_changes',
  'record_pengine_inputs',
  'rtprio',
  'syslogmsgfmt',
  'use_apphbd',
  'use_logd',
])

/** Of those, what may stand in a file without a remark: the usual values, which say that nothing is wanted. */
const unremarkable: Readonly<Record<string, RegExp>> = {
  realtime: /^(off|no|false|0|n)$/i,
  use_logd: /^(off|no|false|0|n)$/i,
  logfacility: /^none$/i,
}

type Draft = { -readonly [K in keyof HaCf]: HaCf[K] } & {
  nodes: string[]
  links: LinkConf[]
  children: ChildConf[]
  apiAuth: Map<string, ApiAuth>
  environment: Map<string, string>
  parameters: Map<string, string>
  remarks: string[]
  port: number
  isWarntimeGiven: boolean
  isInitdeadGiven: boolean
}

/** Reads one directive into the draft; answers what is wrong with it. */
type Reader = (draft: Draft, words: readonly string[]) => string | undefined

function time(field: 'keepaliveMs' | 'deadtimeMs' | 'warntimeMs' | 'initdeadMs'): Reader {
  return (draft, [word = '', ...more]) => {
    const ms = durationMs(word)
    if (ms === undefined || ms === 0 || more.length > 0) return 'a time is expected, such as 2, 1.5 or 500ms'
    draft[field] = ms
    if (field === 'warntimeMs') draft.isWarntimeGiven = true
    if (field === 'initdeadMs') draft.isInitdeadGiven = true
    return undefined
  }
}

function whole(word: string | undefined, low: number, high: number): number | undefined {
  if (word === undefined || !/^[0-9]{1,9}$/.test(word)) return undefined
  const value = Number(word)
  return value >= low && value <= high ? value : undefined
}

function isAddress(word: string): boolean {
  const parts = word.split('.')
  return parts.length === 4 && parts.every((part) => whole(part, 0, 255) !== undefined)
}

function isDevice(word: string | undefined): word is string {
  return word !== undefined && /^[^\s/]{1,15}$/.test(word)
}

const readers: Readonly<Record<string, Reader>> = {
  keepalive: time('keepaliveMs'),
  deadtime: time('deadtimeMs'),
  warntime: time('warntimeMs'),
  initdead: time('initdeadMs'),
  node: (draft, words) => {
    if (words.length === 0) return 'names of nodes are expected'
    for (const name of words) {
      if (name.length > nodeNameMax) return `a node's name has at most ${nodeNameMax} characters`
      if (!draft.nodes.includes(name)) draft.nodes.push(name)
    }
    return draft.nodes.length > nodesMax ? `a cluster has at most ${nodesMax} nodes` : undefined
  },
  udpport: (draft, [word, ...more]) => {
    const port = whole(word, 1, 65535)
    if (port === undefined || more.length > 0) return 'a port of 1 to 65535 is expected'
    draft.port = port
    return undefined
  },
  ucast: (draft, [device, address, ...more]) => {
    if (!isDevice(device) || address === undefined || !isAddress(address) || more.length > 0) {
      return 'DEVICE IPV4-ADDRESS is expected'
    }
    draft.links.push({ kind: 'ucast', device, address, port: draft.port })
    return undefined
  },
  bcast: (draft, devices) => {
    if (devices.length === 0 || !devices.every(isDevice)) return 'names of devices are expected'
    for (const device of devices) draft.links.push({ kind: 'bcast', device, port: draft.port })
    return undefined
  },
  mcast: (draft, [device, group, portWord, ttlWord, loop, ...more]) => {
    const port = whole(portWord, 1, 65535)
    const ttl = whole(ttlWord, 1, 255)
    const first = Number(group?.split('.')[0])
    const isGroup = group !== undefined && isAddress(group) && first >= 224 && first <= 239
    if (!isDevice(device) || !isGroup || port === undefined || ttl === undefined || !/^[01]$/.test(loop ?? '')) {
      return 'DEVICE GROUP PORT TTL LOOP is expected, such as eth0 239.192.0.42 694 1 0'
    }
    if (more.length > 0) return `'${more[0]}' is one word too many`
    draft.links.push({ kind: 'mcast', device, group, port, ttl, loop: loop === '1' })
    return undefined
  },
  hopfudge: (draft, [word]) => {
    const value = whole(word, 1, 20)
    if (value === undefined) return 'a number of 1 to 20 is expected'
    draft.hopFudge = value
    return undefined
  },
  max_rexmit_delay: (draft, [word]) => {
    const value = whole(word, 1, 60_000)
    if (value === undefined) return 'milliseconds of 1 to 60000 are expected'
    draft.rexmitDelayMsMax = value
    return undefined
  },
  debug: (draft, [word]) => {
    const value = whole(word, 0, 255)
    if (value === undefined) return 'a level of 0 to 255 is expected'
    draft.debugLevel = value
    return undefined
  },
  autojoin: (draft, [word]) => choose(word, ['none', 'other', 'any'], (value) => (draft.autojoin = value)),
  uuidfrom: (draft, [word]) => choose(word, ['file', 'nodename'], (value) => (draft.uuidFrom = value)),
  hbgenmethod: (draft, [word]) => choose(word, ['file', 'time'], (value) => (draft.generationFrom = value)),
  msgfmt: (draft, [word]) => choose(word, ['classic', 'netstring'], (value) => (draft.messageFormat = value)),
  cluster: (_, [word]) => (word === undefined ? 'a name is expected' : undefined),
  logfile: (draft, [word]) => {
    if (word === undefined || !word.startsWith('/')) return 'an absolute path is expected'
    draft.logFile = word
    return undefined
  },
  traditional_compression: (_, [word]) =>
    isNo(word) ? undefined : 'compressed messages are not supported by this daemon',
  pacemaker: (_, [word]) => (isNo(word) ? undefined : 'Pacemaker 1 under Heartbeat is not supported by this daemon'),
  crm: (_, [word]) => (isNo(word) ? undefined : 'Pacemaker 1 under Heartbeat is not supported by this daemon'),
  respawn: (draft, words) => child(draft, words, false),
  failfast: (draft, words) => child(draft, words, true),
  env: (draft, [word]) => {
    const parts = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(word ?? '')
    if (parts === null) return 'NAME=VALUE is expected'
    draft.environment.set(parts[1] ?? '', parts[2] ?? '')
    return undefined
  },
  apiauth: (draft, [name, ...lists]) => {
    let users: readonly string[] = []
    let groups: readonly string[] = []
    for (const list of lists) {
      const parts = /^(uid|gid)=(.+)$/.exec(list)
      if (parts === null) return `'${list}' is neither uid=USERS nor gid=GROUPS`
      const names = (parts[2] ?? '').split(',').filter((one) => one !== '')
      if (parts[1] === 'uid') users = names
      else groups = names
    }
    if (name === undefined || users.length + groups.length === 0) return 'NAME uid=USERS gid=GROUPS is expected'
    draft.apiAuth.set(name, { users, groups })
    return undefined
  },
}

function isNo(word: string | undefined): boolean {
  return /^(off|no|false|n|0)$/i.test(word ?? '')
}

function choose<T extends string>(
  word: string | undefined,
  values: readonly T[],
  set: (value: T) => void,
): string | undefined {
  const value = values.find((one) => one === word)
  if (value === undefined) return `one of ${values.join(', ')} is expected`
  set(value)
  return undefined
}

function child(draft: Draft, [user, ...command]: readonly string[], isFailFast: boolean): string | undefined {
  if (user === undefined || command[0] === undefined) return 'USER PROGRAM ARGUMENTS is expected'
  if (!command[0].startsWith('/')) return `'${command[0]}' is not an absolute path`
  draft.children.push({ user, command, isFailFast })
  return draft.children.length > childrenMax ? `there are at most ${childrenMax} programs` : undefined
}

/** Directives that every program of the cluster may ask for, with what holds where the file says nothing. */
const parameterDefaults: Readonly<Record<string, string>> = {
  auto_failback: 'legacy',
  autojoin: 'none',
  baud: '19200',
  cluster: 'linux-ha',
  debug: '0',
  hopfudge: '1',
  msgfmt: 'classic',
}

/** Directives of which a file has many: none is the value that a client could be told. */
const plural: ReadonlySet<string> = new Set([
  'node',
  'ucast',
  'bcast',
  'mcast',
  'respawn',
  'failfast',
  'apiauth',
  'env',
])

/** Reads ha.cf(5). Errors name line and directive, and what was expected. */
export function parseHaCf(content: string): Result<HaCf, string> {
  const draft: Draft = {
    nodes: [],
    links: [],
    keepaliveMs: 1000,
    deadtimeMs: 30_000,
    warntimeMs: 0,
    initdeadMs: 0,
    hopFudge: 1,
    autojoin: 'none',
    uuidFrom: 'file',
    generationFrom: 'file',
    rexmitDelayMsMax: 250,
    debugLevel: 0,
    logFile: undefined,
    messageFormat: 'classic',
    children: [],
    apiAuth: new Map(Object.entries(apiAuthDefaults)),
    environment: new Map(),
    parameters: new Map(Object.entries(parameterDefaults)),
    remarks: [],
    port: portDefault,
    isWarntimeGiven: false,
    isInitdeadGiven: false,
  }
  for (const [index, line] of content.split('\n').entries()) {
    const words = line.replace(/#.*$/, '').trim().split(/\s+/)
    const [directive = '', ...values] = words
    if (directive === '') continue
    const wrong = readDirective(draft, directive, values)
    if (wrong !== undefined) return failed(`line ${index + 1}: ${directive}: ${wrong}`)
    if (draft.links.length > linksMax) return failed(`line ${index + 1}: there are at most ${linksMax} links`)
  }
  return finish(draft)
}

function readDirective(draft: Draft, directive: string, values: readonly string[]): string | undefined {
  const what = Object.hasOwn(refused, directive) ? refused[directive] : undefined
  if (what !== undefined) return `${what} are not supported by this daemon`.replace(/^a (.*) are /, 'a $1 is ')
  if (!plural.has(directive)) draft.parameters.set(directive, values.join(' '))
  if (withoutEffect.has(directive)) {
    if (unremarkable[directive]?.test(values[0] ?? '') !== true) draft.remarks.push(`${directive} has no effect`)
    return undefined
  }
  const reader = Object.hasOwn(readers, directive) ? readers[directive] : undefined
  return reader === undefined ? 'there is no such directive' : reader(draft, values)
}

function finish(draft: Draft): Result<HaCf, string> {
  if (draft.links.length === 0) return failed('a way of sending is missing: a ucast, bcast or mcast line')
  if (draft.nodes.length === 0 && draft.autojoin !== 'any') return failed('node lines, or autojoin any, are missing')
  if (!draft.isWarntimeGiven) draft.warntimeMs = draft.deadtimeMs / 2
  if (!draft.isInitdeadGiven) draft.initdeadMs = Math.max(2 * draft.deadtimeMs, 10_000)
  if (draft.deadtimeMs <= draft.keepaliveMs) {
    return failed(`deadtime (${draft.deadtimeMs} ms) is not longer than keepalive (${draft.keepaliveMs} ms)`)
  }
  if (draft.deadtimeMs < 2 * draft.keepaliveMs) draft.remarks.push('deadtime is less than two keepalives')
  if (draft.initdeadMs < draft.deadtimeMs) {
    return failed(`initdead (${draft.initdeadMs} ms) is shorter than deadtime (${draft.deadtimeMs} ms)`)
  }
  if (draft.initdeadMs < 10_000) draft.remarks.push(`initdead (${draft.initdeadMs} ms) may be too short`)
  if (draft.warntimeMs >= draft.deadtimeMs) draft.remarks.push('warntime is not shorter than deadtime')
  draft.parameters.set('udpport', String(draft.port))
  if (!draft.parameters.has('deadping')) draft.parameters.set('deadping', `${draft.deadtimeMs}ms`)
  const { port: _port, isWarntimeGiven: _warn, isInitdeadGiven: _init, ...conf } = draft
  return ok(conf)
}
