import { generationMax, nodeNameMax, nodesMax } from '../messaging/limits.ts'

/** Bytes of hb_uuid. */
export const uuidBytes = 16

/** Bytes of hb_generation: a number, right-aligned, and a newline. */
export const generationFileBytes = 16

/** The generation in the text of hb_generation; undefined where it holds none. */
export function readGeneration(content: string): number | undefined {
  const digits = /^\s*([0-9]{1,10})\s*$/.exec(content)?.[1]
  if (digits === undefined) return undefined
  const value = Number(digits)
  return value >= 1 && value < generationMax ? value : undefined
}

/** Text of hb_generation. */
export function generationText(generation: number): string {
  return `${String(generation).padStart(generationFileBytes - 1)}\n`
}

/** One line of hostcache: a node that was heard of. */
export type CachedHost = {
  readonly name: string
  /** 16 octets, a character each. */
  readonly uuid: string
  readonly weight: number
  readonly site: string
}

const weightDefault = 100

/** Reads hostcache or delhostcache; lines that hold no host are left out. */
export function readHostCache(content: string): readonly CachedHost[] {
  const hosts: CachedHost[] = []
  for (const line of content.split('\n').slice(0, nodesMax)) {
    const [name = '', uuid = '', weight = '', site = ''] = line.trim().split(/\s+/)
    const octets = uuidOctets(uuid)
    if (name === '' || name.length > nodeNameMax || octets === undefined) continue
    hosts.push({ name, uuid: octets, weight: /^[0-9]{1,6}$/.test(weight) ? Number(weight) : weightDefault, site })
  }
  return hosts
}

/** Text of hostcache. */
export function hostCacheText(hosts: readonly CachedHost[]): string {
  return hosts.map(({ name, uuid, weight, site }) => `${name}\t${uuidText(uuid)}\t${weight}\t${site}\n`).join('')
}

/** A UUID in its usual spelling, of 16 octets. */
export function uuidText(octets: string): string {
  const digits = [...octets].map((one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The 16 octets of a UUID in its usual spelling. */
export function uuidOctets(text: string): string | undefined {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return undefined
  const pairs = text.replaceAll('-', '').match(/../g) ?? []
  return String.fromCharCode(...pairs.map((pair) => Number.parseInt(pair, 16)))
}

/** UUID of a node that has none of its own but its name (`uuidfrom nodename`): the name, and zeros behind it. */
export function uuidOfName(name: string): string {
  return name.slice(0, uuidBytes).padEnd(uuidBytes, '\0')
}
