import { DecodeError, layout } from '@quorate/base'
import type { Bzip2 } from './bzip2.ts'
import { plainPayload, readPayload } from './payload.ts'

/**
 * Largest XML that a local client or daemon may send, plain, NUL included. Below the limit of cluster messages, since
 * requests are sent on with more attributes than they came with.
 */
export const ipcXmlBytesMax = 32 * 1024 * 1024

/** Head of a message between a local client and a daemon, 2.1 layout (protocols/pacemaker-ipc.md 2). */
export const ipcHead = layout(40, [
  { name: 'id', type: 'i32', at: 0, doc: 'number of the request; the answer repeats it; events count on their own' },
  { name: 'size', type: 'i32', at: 8, doc: 'bytes of head and payload' },
  { name: 'error', type: 'i32', at: 16, doc: 'always 0' },
  { name: 'plainSize', type: 'u32', at: 24, doc: 'bytes of the XML and its NUL' },
  { name: 'packedSize', type: 'u32', at: 28, doc: 'bytes of the bzip2 data; 0 when not compressed' },
  { name: 'flags', type: 'u32', at: 32, doc: 'see ipcFlags' },
  { name: 'version', type: 'u8', at: 36, doc: 'always 1' },
] as const)

/** Bits of a frame's `flags`. */
export const ipcFlags = {
  compressed: 0x1,
  /** The client waits on the response ring: exactly one answer there. Without it: none there. */
  clientResponse: 0x200,
  serverEvent: 0x1_0000,
  /** Set on every answer of the real daemons. */
  serverFree: 0x2_0000,
} as const

/** A message between a local client and a daemon. */
export type IpcFrame = { readonly id: number; readonly flags: number; readonly xml: string }

/**
 * Bytes of a frame, compressed when it would not fit `roomBytes` otherwise.
 *
 * @returns undefined when it does not fit even so (EMSGSIZE)
 */
export function encodeIpcFrame(frame: IpcFrame, roomBytes: number, bzip2: Bzip2): Uint8Array | undefined {
  let body = plainPayload(frame.xml, ipcXmlBytesMax)
  if (body === undefined) return undefined
  const plainSize = body.byteLength
  let packedSize = 0
  let flags = frame.flags
  if (ipcHead.size + plainSize >= roomBytes) {
    body = bzip2.compress(body)
    packedSize = body.byteLength
    flags |= ipcFlags.compressed
    if (ipcHead.size + packedSize >= roomBytes) return undefined
  }
  const out = new Uint8Array(ipcHead.size + body.byteLength)
  ipcHead.encode(out, { id: frame.id, size: out.byteLength, plainSize, packedSize, flags, version: 1 })
  out.set(body, ipcHead.size)
  return out
}

/**
 * Reads a frame.
 *
 * @throws DecodeError
 */
export function decodeIpcFrame(bytes: Uint8Array, bzip2: Bzip2): IpcFrame {
  const head = ipcHead.decode(bytes)
  if (head.version !== 1) throw new DecodeError('value', 36, `IPC version ${head.version}, expected 1`)
  return { id: head.id, flags: head.flags, xml: readPayload(bytes, ipcHead.size, head, ipcXmlBytesMax, bzip2) }
}
