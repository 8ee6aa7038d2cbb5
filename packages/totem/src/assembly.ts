import { decodeText, messageBytes, type NodeId } from '@quorate/base'
import { u16At } from './octets.ts'
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
  /** `fragmented` of the last frame. */
  last: number
  /** The beginning of the chain is missing: its parts are dropped until it ends. */
  headless: boolean
}

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
    const chain = this.#chainOf(from, continuation, fragmented)
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
   * The chain that goes on with this frame. Where both do, or neither, the number tells: the lanes of our own nodes use
   * different ones (corosync counts through, and meets the case only between its messages).
   */
  #chainOf(from: NodeId, continuation: number, fragmented: number): Chain {
    let chains = this.#senders.get(from)
    if (chains === undefined) {
      chains = { application: freshChain(), sync: freshChain() }
      this.#senders.set(from, chains)
    }
    const { application, sync } = chains
    const number = continuation === 0 ? fragmented : continuation
    const [likely, other] = number >= chainNumbers.sync.first ? [sync, application] : [application, sync]
    return likely.last !== continuation && other.last === continuation ? other : likely
  }
}

function freshChain(): Chain {
  return { pieces: [], bytes: 0, last: 0, headless: false }
}

function drop(chain: Chain): void {
  chain.pieces = []
  chain.bytes = 0
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
  if (bytes.byteLength < 2) return undefined
  const groups = u16At(bytes, 0)
  const namesAt = 2 + groups * 2
  if (groups === 0 || namesAt > bytes.byteLength) return undefined
  let bodyAt = namesAt
  for (let index = 0; index < groups; index += 1) bodyAt += u16At(bytes, 2 + index * 2)
  if (bodyAt > bytes.byteLength) return undefined
  const nameEnd = namesAt + u16At(bytes, 2)
  return { group: groupName(bytes, namesAt, nameEnd), body: bytes.subarray(bodyAt) }
}

/** Group names are one or four letters in practice: the commonest needs no decoding. */
function groupName(bytes: Uint8Array, from: number, to: number): string {
  if (to - from === 1 && bytes[from] === 0x61) return 'a'
  return decodeText(bytes.subarray(from, to))
}
