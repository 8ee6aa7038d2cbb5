import { decodeText, encodeText, failed, layout, ok, type Result } from '@quorate/base'
import { type OperationName, operationCodes, operationOfCode } from '../operation.ts'

/** Messages of the cpg backend (protocols/fence-virt-backends.md, cpg), little-endian as every host of today. */
export type CpgMessage =
  /** To all: whoever has the machine acts. */
  | ({ readonly kind: 'request' } & Asked)
  /** The outcome, to the node that asked. */
  | ({ readonly kind: 'reply'; readonly to: number; readonly response: number } & Asked)
  /** A machine that a node has, or has had: C daemons take both for one that it has. */
  | { readonly kind: 'guest' | 'former'; readonly guest: Guest }

type Asked = {
  /** Number of the request among those of its node. */
  readonly sequence: number
  readonly operation: OperationName
  readonly target: string
}

/** A machine and the node that has it. */
export type Guest = {
  readonly name: string
  readonly uuid: string
  readonly owner: number
  /** virDomainState. */
  readonly state: number
}

const kinds = { request: 0, reply: 1, guest: 2 } as const
/** In place of a sequence number, where C daemons do not look: the node has the machine no more. */
const formerMark = 0x676f_6e65
/** Target of messages that are for everybody. */
const everybody = 0xffff_ffff
const messageSize = 156
/** Longest name of a machine in bytes: the smaller of the two fields, less its NUL. */
export const guestNameMax = 64

const header = layout(16, [
  { name: 'kind', type: 'u32', at: 0, doc: '0 request, 1 reply, 2 guest' },
  { name: 'sequence', type: 'u32', at: 4, doc: 'counts the requests of a node' },
  { name: 'to', type: 'u32', at: 8, doc: 'node id that a reply is for' },
] as const)
const asked = layout(messageSize, [
  { name: 'target', type: 'text', at: 16, size: 128, doc: 'name or UUID' },
  { name: 'operation', type: 'i32', at: 144, doc: 'number of the operation' },
  { name: 'requestSequence', type: 'u32', at: 148, doc: 'sequence number of the client; informative' },
  { name: 'response', type: 'u32', at: 152, doc: 'response byte' },
] as const)
const guest = layout(messageSize, [
  { name: 'name', type: 'bytes', at: 16, size: 65, doc: 'name' },
  { name: 'uuid', type: 'bytes', at: 81, size: 65, doc: 'UUID as text' },
  { name: 'owner', type: 'u32', at: 148, doc: 'node id' },
  { name: 'state', type: 'i32', at: 152, doc: 'virDomainState' },
] as const)

/** The 156 bytes of a message. Names that do not fit are refused by their senders before. */
export function encodeCpgMessage(message: CpgMessage): Uint8Array {
  const bytes = new Uint8Array(messageSize)
  if ('guest' in message) {
    const sequence = message.kind === 'former' ? formerMark : 0
    header.encode(bytes, { kind: kinds.guest, sequence, to: everybody })
    const { name, uuid, owner, state } = message.guest
    guest.encode(bytes, { name: encodeText(name), uuid: encodeText(uuid), owner, state })
    return bytes
  }
  const to = message.kind === 'reply' ? message.to : everybody
  header.encode(bytes, { kind: kinds[message.kind], sequence: message.sequence, to })
  const response = message.kind === 'reply' ? message.response : 0
  asked.encode(bytes, { target: message.target, operation: operationCodes[message.operation], response })
  return bytes
}

/** Reads a message of the group; anything else is told what is wrong with it. */
export function decodeCpgMessage(bytes: Uint8Array): Result<CpgMessage, string> {
  if (bytes.byteLength !== messageSize) return failed(`a message has ${messageSize} bytes, got ${bytes.byteLength}`)
  const { kind, sequence, to } = header.decode(bytes)
  if (kind === kinds.guest) {
    const raw = guest.decode(bytes)
    const read = { name: decodeText(raw.name), uuid: decodeText(raw.uuid), owner: raw.owner, state: raw.state }
    if (read.name === '') return failed('a machine without a name')
    return ok({ kind: sequence === formerMark ? 'former' : 'guest', guest: read })
  }
  const raw = asked.decode(bytes)
  const operation = operationOfCode(raw.operation)
  if (operation === undefined) return failed(`unknown operation ${raw.operation}`)
  if (kind === kinds.request) return ok({ kind: 'request', sequence, operation, target: raw.target })
  if (kind !== kinds.reply) return failed(`unknown kind ${kind}`)
  return ok({ kind: 'reply', sequence, operation, target: raw.target, to, response: raw.response })
}
