import type { LinkSettings } from '../knet/link.ts'
import type { LinkMode } from '../knet/link-event.ts'
import { knetLinksMax, knetNodeIdMax } from '../knet/packet.ts'
import type { CipherName, HashName, SealingMethod } from '../knet/sealing.ts'
import type { Settings } from './settings.ts'

/** Smallest `totem.knet_mtu`, bytes: what every host takes. */
export const knetMtuMin = 576
/** Largest, bytes. */
export const knetMtuMax = 65_535

/** A node of the nodelist, as far as its links go. */
export type LinkedNode = {
  readonly position: number
  readonly node: number
  readonly address: string
  readonly addresses: readonly { readonly link: number; readonly text: string }[]
  readonly line: number
}

/** A link as corosync.conf has it; times are undefined where they follow from the token's. */
export type LinkConfig = {
  readonly link: number
  readonly port: number
  readonly pingIntervalMs: number | undefined
  readonly pingTimeoutMs: number | undefined
  readonly pongCount: number
  readonly pingPrecision: number
  readonly priority: number
}

/** Where the key is that authenticates and encrypts. */
export type KeySource =
  | { readonly from: 'file'; readonly path: string; readonly line: number | undefined }
  | { readonly from: 'setting'; readonly text: string; readonly line: number | undefined }

/** What corosync.conf says of knet. */
export type KnetSettings = {
  readonly mode: LinkMode
  /** The links of the nodelist, ascending. */
  readonly links: readonly LinkConfig[]
  /** Undefined without crypto. */
  readonly method: SealingMethod | undefined
  readonly key: KeySource
  readonly pmtudIntervalMs: number
  /** 0: the path's MTU is searched for. */
  readonly fixedMtu: number
}

/**
 * Reads what concerns knet.
 *
 * @throws ConfigError with the line and what was expected
 */
export function knetSettings(settings: Settings, nodes: readonly LinkedNode[]): KnetSettings {
  checkNodes(settings, nodes)
  const compression = settings.text('totem.knet_compression_model')
  if (compression !== 'none') {
    const what = `knet_compression_model: ${compression} is not supported yet; none is expected`
    throw settings.fault('totem.knet_compression_model', what)
  }
  const fixedMtu = settings.number('totem.knet_mtu') ?? 0
  if (fixedMtu !== 0 && (fixedMtu < knetMtuMin || fixedMtu > knetMtuMax)) {
    const what = `knet_mtu in range (${knetMtuMin}..${knetMtuMax}) or 0 is expected, but ${fixedMtu} was given`
    throw settings.fault('totem.knet_mtu', what)
  }
  return {
    mode: settings.text('totem.link_mode') as LinkMode,
    links: (nodes[0]?.addresses ?? []).map(({ link }) => linkConfig(settings, link)),
    method: sealingMethod(settings),
    key: keySource(settings),
    pmtudIntervalMs: (settings.number('totem.knet_pmtud_interval') ?? 0) * 1000,
    fixedMtu,
  }
}

/** The times of a link, as corosync makes them of the token's where the file leaves them out. */
export function linkSettings(config: LinkConfig, tokenLossMs: number): LinkSettings {
  const { link, pongCount, pingPrecision, priority } = config
  const pongs = Math.max(1, pongCount)
  return {
    link,
    pongCount,
    pingPrecision,
    priority,
    pingIntervalMs: config.pingIntervalMs ?? Math.floor(tokenLossMs / (pongs * 2)),
    pingTimeoutMs: config.pingTimeoutMs ?? Math.floor(tokenLossMs / pongs),
  }
}

function linkConfig(settings: Settings, link: number): LinkConfig {
  const key = (name: string): string => `totem.interface.${link}.${name}`
  const number = (name: string): number | undefined => settings.number(key(name), `totem.interface.${name}`)
  const transport = settings.text(key('knet_transport'), 'totem.interface.knet_transport')
  if (transport !== 'udp') {
    throw settings.fault(key('knet_transport'), `knet_transport: ${transport} is not supported yet; udp is expected`)
  }
  return {
    link,
    port: settings.port(link),
    pingIntervalMs: set(number('knet_ping_interval')),
    pingTimeoutMs: set(number('knet_ping_timeout')),
    pongCount: number('knet_pong_count') ?? 0,
    pingPrecision: number('knet_ping_precision') ?? 0,
    priority: number('knet_link_priority') ?? 0,
  }
}

/** 0 stands for what follows from the token's timeout. */
function set(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value
}

function checkNodes(settings: Settings, nodes: readonly LinkedNode[]): void {
  const numbers = (nodes[0]?.addresses ?? []).map(({ link }) => link)
  for (let link = 0; link < knetLinksMax; link += 1) {
    const key = settings.firstBelow(`totem.interface.${link}`)
    if (key === undefined || numbers.includes(link)) continue
    throw settings.fault(key, `a ring${link}_addr of each node is expected where link ${link} is configured`)
  }
  const links = (node: LinkedNode): string => node.addresses.map(({ link }) => link).join()
  for (const node of nodes) {
    const key = `nodelist.node.${node.position}.nodeid`
    if (!settings.has(key)) throw settings.faultAt(node.line, 'Knet requires an explicit nodeid for each node')
    if (node.node > knetNodeIdMax) {
      throw settings.fault(key, `Knet requires nodeid to be less than 65536 for address '${node.address}'.`)
    }
    if (links(node) === links(nodes[0] as LinkedNode)) continue
    throw settings.faultAt(node.line, 'Not all nodes have the same number of links: the same ringX_addr are expected')
  }
}

/** `secauth: on` means the strongest, where the single settings say nothing. */
function sealingMethod(settings: Settings): SealingMethod | undefined {
  const isSecure = settings.text('totem.secauth') === 'on'
  const of = (key: string, secure: string): string | undefined =>
    isSecure && !settings.has(key) ? secure : settings.text(key)
  const cipher = of('totem.crypto_cipher', 'aes256')
  const hash = of('totem.crypto_hash', 'sha256')
  if (hash !== 'none') {
    return { cipher: cipher === 'none' ? undefined : (cipher as CipherName), hash: hash as HashName }
  }
  if (cipher === 'none') return undefined
  throw settings.fault('totem.crypto_cipher', 'crypto_cipher requires crypto_hash with value other than none')
}

function keySource(settings: Settings): KeySource {
  const text = settings.text('totem.key')
  if (text !== undefined && !settings.has('totem.keyfile')) {
    return { from: 'setting', text, line: settings.line('totem.key') }
  }
  return { from: 'file', path: settings.text('totem.keyfile') as string, line: settings.line('totem.keyfile') }
}
