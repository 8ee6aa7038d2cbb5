import { DecodeError, layout } from '@quorate/base'
import { classicEnd, classicLines, classicStart, readClassic } from '../wire/classic-text.ts'
import { type Message, messageBytesMax } from '../wire/message.ts'
import { octetBytes, octetText } from '../wire/octets.ts'

/** What stands before every message on a socket of clients. */
export const clientFrameHeader = layout(8, [
  { name: 'length', type: 'u32', at: 0, doc: 'bytes that follow the header' },
  { name: 'magic', type: 'u32', at: 4, doc: '0xabcd' },
])

const frameMagic = 0xabcd

/** Bytes of one message for a client's socket: the header and the body. */
export function clientFrame(body: Uint8Array): Uint8Array {
  const out = new Uint8Array(clientFrameHeader.size + body.byteLength)
  clientFrameHeader.encode(out, { length: body.byteLength, magic: frameMagic })
  out.set(body, clientFrameHeader.size)
  return out
}

/** Body of a message as clients have it: classic text with a NUL behind it. */
export function clientText(message: Message): Uint8Array {
  return octetBytes(`${classicStart}${classicLines(message)}${classicEnd}\0`)
}

/** Reads such a body. @throws DecodeError */
export function readClientText(body: Uint8Array): Message {
  return readClassic(octetText(body))
}

/** Takes messages out of a stream of bytes. */
export class ClientFrameReader {
  #held = new Uint8Array(0)

  /**
   * Bodies that are whole with these bytes, each with memory of its own.
   *
   * @throws DecodeError where the stream is none of messages, or one is longer than {@link messageBytesMax}
   */
  take(bytes: Uint8Array): readonly Uint8Array[] {
    let all = bytes
    if (this.#held.byteLength > 0) {
      all = new Uint8Array(this.#held.byteLength + bytes.byteLength)
      all.set(this.#held)
      all.set(bytes, this.#held.byteLength)
    }
    const bodies: Uint8Array[] = []
    let at = 0
    while (all.byteLength - at >= clientFrameHeader.size) {
      const { length, magic } = clientFrameHeader.decode(all, at)
      if (magic !== frameMagic) throw new DecodeError('value', at + 4, 'a message starts with its length and 0xabcd')
      if (length > messageBytesMax) throw new DecodeError('limit', at, `a message has at most ${messageBytesMax} bytes`)
      const end = at + clientFrameHeader.size + length
      if (end > all.byteLength) break
      bodies.push(all.slice(at + clientFrameHeader.size, end))
      at = end
    }
    this.#held = all.slice(at)
    return bodies
  }
}
