import { decodeText, messageBytes, type NodeId } from '@quorate/base'
import { u16At, u32At } from './octets.ts'
import {
  chainNumbers,
  continuationAt,
  fragmentedAt,
  messageBytesMax,
  packingHeaderBytes,
  partCountAt,
  partLengthBytes,
} from './packing.ts'

/** Longest message put together: what a caller may send and its group header. */
const assembledBytesMax = messageBytesMax + 4096

/** A whole message, out of its frames. */
export type AssembledMessage = { readonly group: string; readonly body: Uint8Array }

/** What frames became: messages, and whether fragments had to be dropped because their beginning is not here. */
export type Assembled = { readonly messages: readonly AssembledMessage[]; readonly torn: boolean }

/** The message of a sender that is not complete yet. */
type Chain = {
  pieces: Uint8Array[]
  bytes: number
  /** How long the message says that it is, its group header included; undefined where its first piece is too short. */
  whole: number | undefined
  /** `fragmented` of the last frame. */
  last: number
  /** The beginning of the chain is missing: its parts are dropped until it ends. */
  headless: boolean
}

/** Where a service's message says how long it is (protocols/corosync.md 6). */
const sizeInBodyAt = 8

const nothing: Assembled = { messages: [], torn: false }
const tornWhole: Assembled = { messages: [], torn: true }

/** A sender's unfinished messages: one of its ordinary stream, one of what it says while services synchronise. */
type Chains = { readonly application: Chain; readonly sync: Chain }

/**
 * Puts the messages of all senders together again. What a node says while services synchronise after a change of
 * membership comes between two fragments of what it was saying before; the numbers of the chains tell the two apart.
 */
export class Assembler {
  readonly #senders = new Map<NodeId, Chains>()

  /** Drops what has come so far from nodes that are gone. */
  forget(nodes: readonly NodeId[]): void {
    for (const node of nodes) this.#senders.delete(node)
  }

  /**
   * Takes the payload of the next frame of `from`, in order. A payload whose lengths do not add up is dropped whole.
   */
  take(from: NodeId, payload: Uint8Array): Assembled {
    const parts = partsOf(payload)
    if (parts === undefined) return tornWhole
    if (parts.length === 0) return nothing
    const fragmented = payload[fragmentedAt] as number
    const continuation = payload[continuationAt] as number
    const first = (parts[0] as Uint8Array).byteLength
    const isEnd = parts.length > 1 || fragmented === 0
    const chain = this.#chainOf(from, continuation, fragmented, (of) => fits(of, first, isEnd))
    const torn = continuation !== chain.last
    if (torn) {
      drop(chain)
      chain.headless = continuation !== 0
    }
    chain.last = fragmented
    const messages: AssembledMessage[] = []
    for (let at = 0; at < parts.length; at += 1) {
      const goesOn = at === parts.length - 1 && fragmented !== 0
      if (chain.headless) {
        chain.headless = goesOn
        continue
      }
      const message = join(chain, parts[at] as Uint8Array, goesOn)
      if (message !== undefined) messages.push(message)
    }
    return { messages, torn }
  }

  /**
   * The chain that goes on with this frame. Where both may, the length tells for which of them it is a piece: corosync
   * counts through in both lanes, and in a message of many frames meets each number again. Where it may be a piece of
   * both it is one of what the services say, which goes out before the ordinary stream goes on. Else the number tells:
   * the lanes of our own nodes use different ones.
   */
  #chainOf(from: NodeId, continuation: number, fragmented: number, isPiece: (of: Chain) => boolean): Chain {
    let chains = this.#senders.get(from)
    if (chains === undefined) {
      chains = { application: freshChain(), sync: freshChain() }
      this.#senders.set(from, chains)
    }
    const { application, sync } = chains
    const number = continuation === 0 ? fragmented : continuation
    const [likely, other] = number >= chainNumbers.sync.first ? [sync, application] : [application, sync]
    if (other.last !== continuation) return likely
    if (likely.last !== continuation) return other
    if (continuation === 0) return likely
    return isPiece(sync) ? sync : application
  }
}

function freshChain(): Chain {
  return { pieces: [], bytes: 0, whole: undefined, last: 0, headless: false }
}

function drop(chain: Chain): void {
  chain.pieces = []
  chain.bytes = 0
  chain.whole = undefined
}

/** Whether a part of so many bytes can be the next piece of the chain's message, or its last one. */
function fits({ whole, bytes }: Chain, partBytes: number, isEnd: boolean): boolean {
  if (whole === undefined) return true
  return isEnd ? bytes + partBytes === whole : bytes + partBytes < whole
}

/** Length of a message by what every service writes at its beginning: u32 id, u32 size at 8 behind the group header. */
function wholeBytes(first: Uint8Array): number | undefined {
  const bodyAt = bodyStart(first)
  if (bodyAt === undefined || bodyAt + sizeInBodyAt + 4 > first.byteLength) return undefined
  const at = bodyAt + sizeInBodyAt
  return bodyAt + u32At(first, at)
}

/** The parts, or undefined when the lengths do not add up to the payload. */
function partsOf(payload: Uint8Array): Uint8Array[] | undefined {
  if (payload.byteLength < packingHeaderBytes) return undefined
  const count = u16At(payload, partCountAt)
  let at = packingHeaderBytes + count * partLengthBytes
  if (at > payload.byteLength) return undefined
  const parts: Uint8Array[] = []
  for (let part = 0; part < count; part += 1) {
    const end = at + u16At(payload, packingHeaderBytes + part * partLengthBytes)
    if (end > payload.byteLength) return undefined
    parts.push(payload.subarray(at, end))
    at = end
  }
  return at === payload.byteLength ? parts : undefined
}

function join(chain: Chain, part: Uint8Array, goesOn: boolean): AssembledMessage | undefined {
  if (!goesOn && chain.pieces.length === 0) return messageOf(part)
  if (chain.pieces.length === 0) chain.whole = wholeBytes(part)
  chain.pieces.push(part)
  chain.bytes += part.byteLength
  if (chain.bytes > assembledBytesMax) {
    chain.headless = goesOn
    drop(chain)
    return undefined
  }
  if (goesOn) return undefined
  const whole = messageBytes(chain.bytes)
  let at = 0
  for (const piece of chain.pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  drop(chain)
  return messageOf(whole)
}

/** Splits off the group header: u16 groups, u16 length of each name, the names. The first group counts. */
function messageOf(bytes: Uint8Array): AssembledMessage | undefined {
  const bodyAt = bodyStart(bytes)
  if (bodyAt === undefined) return undefined
  const namesAt = 2 + u16At(bytes, 0) * 2
  const nameEnd = namesAt + u16At(bytes, 2)
  return { group: groupName(bytes, namesAt, nameEnd), body: bytes.subarray(bodyAt) }
}

/** Where the body begins, behind a group header that is whole. */
function bodyStart(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < 2) return undefined
  const groups = u16At(bytes, 0)
  const namesAt = 2 + groups * 2
  if (groups === 0 || namesAt > bytes.byteLength) return undefined
  let bodyAt = namesAt
  for (let index = 0; index < groups; index += 1) bodyAt += u16At(bytes, 2 + index * 2)
  return bodyAt > bytes.byteLength ? undefined : bodyAt
}

/** Group names are one or four letters in practice: the commonest needs no decoding. */
function groupName(bytes: Uint8Array, from: number, to: number): string {
  if (to - from === 1 && bytes[from] === 0x61) return 'a'
  return decodeText(bytes.subarray(from, to))
}
