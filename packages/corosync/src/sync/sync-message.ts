import { DecodeError, layout } from '@quorate/base'
import { requestHeader, requestOf, viewOf } from '../ipc/message-header.ts'
import { type RingName, readPackedRingId, writePackedRingId } from '../ipc/ring-id.ts'

/** Most services that a SERVICE_BUILD message may list. */
export const syncServicesMax = 128

/** A message of the process group `sync` (protocols/corosync.md 5). */
export type SyncMessage =
  | { readonly kind: 'barrier'; readonly ring: RingName }
  | { readonly kind: 'service-build'; readonly ring: RingName; readonly services: readonly number[] }

const ids = { barrier: 0, serviceBuild: 1 } as const
const ringAt = 16
const barrierSize = 32
const servicesAt = 40
const build = layout(552, [{ name: 'count', type: 'i32', at: 32, doc: 'service ids that follow at 40' }])

/** The bytes of a message. */
export function encodeSyncMessage(message: SyncMessage): Uint8Array {
  if (message.kind === 'barrier') {
    const bytes = requestOf(ids.barrier, barrierSize)
    writePackedRingId(bytes, ringAt, message.ring)
    return bytes
  }
  const bytes = requestOf(ids.serviceBuild, build.size)
  writePackedRingId(bytes, ringAt, message.ring)
  build.encode(bytes, { count: message.services.length })
  const view = viewOf(bytes)
  message.services.forEach((service, i) => {
    view.setInt32(servicesAt + 4 * i, service, true)
  })
  return bytes
}

/** @throws DecodeError for an unknown id, a message cut short or too many services */
export function decodeSyncMessage(bytes: Uint8Array): SyncMessage {
  const { id } = requestHeader.decode(bytes)
  if (id === ids.barrier) return { kind: 'barrier', ring: readPackedRingId(bytes, ringAt) }
  if (id !== ids.serviceBuild) throw new DecodeError('value', 0, `no sync message ${id}`)
  const { count } = build.decode(bytes)
  if (count < 0 || count > syncServicesMax) {
    throw new DecodeError('limit', 32, `${count} services, limit ${syncServicesMax}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const services = Array.from({ length: count }, (_, i) => view.getInt32(servicesAt + 4 * i, true))
  return { kind: 'service-build', ring: readPackedRingId(bytes, ringAt), services }
}
