import { DecodeError, layout } from '@quorate/base'
import { requestOf } from '../ipc/message-header.ts'
import { marNameSize, readMarName, writeMarName } from '../ipc/wire-name.ts'
import { serviceIds } from '../service.ts'
import { cmapValueBytesMax, type RawValue } from './cmap-value.ts'

/** A key and its value, or that it does not exist. */
export type McastItem = { readonly key: string; readonly value: RawValue | undefined }

/** Head of the one message that cmap sends over the ring (protocols/corosync.md 6.1); items follow. */
const mcastHead = layout(48, [
  { name: 'reason', type: 'u8', at: 16, doc: '0 sync, 1 new configuration version' },
  { name: 'items', type: 'u8', at: 24, doc: 'items that follow, each at a multiple of 8' },
])

/** An item; its key's `mar_name_t` comes first, its value behind. */
const mcastItem = layout(280, [
  { name: 'type', type: 'u8', at: marNameSize, doc: 'type of the value, 0 where there is none' },
  { name: 'valueBytes', type: 'u64', at: 272, doc: 'length of the value' },
])

/** The message with the given items. */
export function encodeMcast(reason: number, items: readonly McastItem[]): Uint8Array {
  const size = items.reduce((sum, item) => sum + itemSize(item.value?.bytes.byteLength ?? 0), mcastHead.size)
  const bytes = requestOf((serviceIds.cmap << 16) | 0, size)
  mcastHead.encode(bytes, { reason, items: items.length })
  let at = mcastHead.size
  for (const { key, value } of items) {
    writeMarName(bytes, at, key)
    mcastItem.encode(bytes, { type: value?.type ?? 0, valueBytes: BigInt(value?.bytes.byteLength ?? 0) }, at)
    if (value !== undefined) bytes.set(value.bytes, at + mcastItem.size)
    at += itemSize(value?.bytes.byteLength ?? 0)
  }
  return bytes
}

/** The items of a message. @throws DecodeError where it is shorter than it says or a value is above its limit */
export function decodeMcast(bytes: Uint8Array): readonly McastItem[] {
  const head = mcastHead.decode(bytes)
  const items: McastItem[] = []
  let at = mcastHead.size
  for (let i = 0; i < head.items; i += 1) {
    const item = mcastItem.decode(bytes, at)
    if (item.valueBytes > BigInt(cmapValueBytesMax)) throw new DecodeError('limit', at, 'value above its limit')
    const length = Number(item.valueBytes)
    const from = at + mcastItem.size
    if (bytes.byteLength < from + length) throw new DecodeError('short', bytes.byteLength, 'item cut off')
    const value = item.type === 0 ? undefined : { type: item.type, bytes: bytes.slice(from, from + length) }
    items.push({ key: readMarName(bytes, at), value })
    at += itemSize(length)
  }
  return items
}

function itemSize(valueBytes: number): number {
  return (mcastItem.size + valueBytes + 7) & ~7
}
