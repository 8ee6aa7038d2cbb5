import type { Duplex } from 'node:stream'

/** What a connection tells its owner. Nothing is told behind `onGone`, nor behind `destroy`. */
export type PeerHandlers = {
  onBytes(bytes: Uint8Array): void
  onGone(why: string): void
}

/** The other end of a connection, whatever it runs over. TcpConnection of qb is one. */
export interface Peer {
  readonly isDestroyed: boolean
  /** Begins to read. Once. */
  listen(handlers: PeerHandlers): void
  send(bytes: Uint8Array): void
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
    this.#stream.on('data', onBytes)
    this.#stream.on('error', (error) => gone(error.message))
    this.#stream.on('end', () => gone('closed by the peer'))
    this.#stream.on('close', () => gone('closed'))
  }

  send(bytes: Uint8Array): void {
    this.#stream.write(bytes)
  }

  end(bytes: Uint8Array): void {
    this.#stream.end(bytes)
  }

  destroy(): void {
    this.#stream.destroy()
  }
}
