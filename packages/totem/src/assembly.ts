import { decodeText, messageBytes, type NodeId } from '@quorate/base'
import type { Configuration } from './effect.ts'
import type { Lane } from './event.ts'
import { u16At } from './octets.ts'
import {
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

/**
 * Puts the messages of all senders together again. What a node says while services synchronise after a change of
 * membership comes between two fragments of what it was saying before: each lane is put together by itself. Nothing in a
 * frame says which lane it is of (corosync counts fragments through in both), but its place in the total order does
 * (decision 0010). So the assembler belongs to who knows when the services are in step.
 */
export class Assembler {
  /** A sender's unfinished messages, one a lane. */
  readonly #senders = new Map<NodeId, Readonly<Record<Lane, Chain>>>()

  /**
   * A configuration was delivered. What members have said so far that are gone, or come from another ring, is not gone on
   * with.
   */
  configured({ left, joined }: Configuration): void {
    for (const node of [...left, ...joined]) this.#senders.delete(node)
  }

  /**
   * Takes the payload of the next frame of `from`, in its place of the total order. A payload whose lengths do not add up
   * is dropped whole; a fragment that does not go on from the last one of its lane is dropped with what it goes on with.
   *
   * @param lane `sync` from a regular configuration until the services are in step on it, else `application`
   */
  take(from: NodeId, payload: Uint8Array, lane: Lane): Assembled {
    const parts = partsOf(payload)
    if (parts === undefined) return tornWhole
    if (parts.length === 0) return nothing
    const fragmented = payload[fragmentedAt] as number
    const continuation = payload[continuationAt] as number
    const chain = this.#chainOf(from, lane)
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

  #chainOf(from: NodeId, lane: Lane): Chain {
    let chains = this.#senders.get(from)
    if (chains === undefined) {
      chains = { application: freshChain(), sync: freshChain() }
      this.#senders.set(from, chains)
    }
    return chains[lane]
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
