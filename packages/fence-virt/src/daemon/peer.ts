import type { Duplex } from 'node:stream'
import { joined } from '../octets.ts'

/** What a connection tells its owner. Nothing is told behind `onGone`, nor behind `destroy`. */
export type PeerHandlers = {
  /** `more`: something has to follow without an answer of ours, and may be there by now. */
  onBytes(bytes: Uint8Array): 'more' | undefined
  onGone(why: string): void
}

/** The other end of a connection, whatever it runs over. TcpConnection of qb is one. */
export interface Peer {
  readonly isDestroyed: boolean
  /** Begins to read. Once. */
  listen(handlers: PeerHandlers): void
  /** What there is of both parts goes out as one. */
  send(bytes: Uint8Array, rest?: Uint8Array): void
  /** Sends the last bytes and closes this end. */
  end(bytes: Uint8Array): void
  destroy(): void
}

/** A peer over a stream of node. */
export class StreamPeer implements Peer {
  readonly #stream: Duplex

  constructor(stream: Duplex) {
    this.#stream = stream
  }

  get isDestroyed(): boolean {
    return this.#stream.destroyed
  }

  listen({ onBytes, onGone }: PeerHandlers): void {
    let isGone = false
    const gone = (why: string): void => {
      if (isGone) return
      isGone = true
      onGone(why)
    }
    this.#stream.on('data', (bytes) => void onBytes(bytes))
    this.#stream.on('error', (error) => gone(error.message))
    this.#stream.on('end', () => gone('closed by the peer'))
    this.#stream.on('close', () => gone('closed'))
  }

  send(bytes: Uint8Array, rest?: Uint8Array): void {
    this.#stream.write(rest === undefined ? bytes : joined(bytes, rest))
  }

  end(bytes: Uint8Array): void {
    this.#stream.end(bytes)
  }

  destroy(): void {
    this.#stream.destroy()
  }
}
