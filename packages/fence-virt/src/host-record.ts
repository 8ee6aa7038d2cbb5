import { decodeText, encodeText, layout } from '@quorate/base'
import type { Host } from './operation.ts'

/** One entry of a list (protocols/fence-virt.md 2). Bytes behind a NUL are garbage in what the C daemon sends. */
export const hostRecordLayout = layout(130, [
  { name: 'name', type: 'bytes', at: 0, size: 64, doc: 'name of the domain, NUL-terminated' },
  { name: 'uuid', type: 'bytes', at: 64, size: 64, doc: 'UUID as text, NUL-terminated' },
  { name: 'state', type: 'u8', at: 128, doc: 'virDomainState' },
] as const)

const textSizeMax = 63

/** Records of all hosts and the zero record that ends a list. Names longer than 63 bytes are cut there. */
export function encodeHosts(hosts: readonly Host[]): Uint8Array {
  const bytes = new Uint8Array((hosts.length + 1) * hostRecordLayout.size)
  hosts.forEach((host, index) => {
    hostRecordLayout.encode(
      bytes,
      { name: cut(host.name), uuid: cut(host.uuid), state: host.state & 0xff },
      index * hostRecordLayout.size,
    )
  })
  return bytes
}

/** Cuts between characters, so that no half of one travels. */
function cut(text: string): Uint8Array {
  let bytes = encodeText(text)
  let kept = text
  while (bytes.byteLength > textSizeMax) {
    kept = [...kept].slice(0, -1).join('')
    bytes = encodeText(kept)
  }
  return bytes
}

/** The host in a record of 130 bytes; undefined for the record that ends a list (both texts empty). */
export function decodeHost(bytes: Uint8Array): Host | undefined {
  const { name, uuid, state } = hostRecordLayout.decode(bytes)
  if (name[0] === 0 && uuid[0] === 0) return undefined
  return { name: decodeText(name), uuid: decodeText(uuid), state }
}
