/** Line with which the helper says that it has begun; whatever is before it (greetings of a login) is none of its words. */
export const greeting = 'quorate-console 1'

/** What may come before {@link greeting}, and a line of an answer, in bytes. */
const noiseBytesMax = 64 * 1024

/** What the helper answers to a request: the code of the tool that it ran, and what that said. */
export type HelperAnswer = { readonly id: number; readonly rc: number; readonly body: Uint8Array }

const newline = 0x0a

/**
 * Reads the helper's output: `ID RC BYTES`, a line end, so many bytes, a line end. The first answer, number 0, comes by
 * itself behind the greeting.
 */
export class AnswerReader {
  readonly #bodyBytesMax: number
  #chunks: Uint8Array[] = []
  #held = 0
  /** Bytes that are needed before there is anything to read; 0: a line. */
  #needed = 0
  #head: { readonly id: number; readonly rc: number; readonly length: number } | undefined
  #isGreeted = false

  /** @param bodyBytesMax of one answer */
  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax
  }

  get isGreeted(): boolean {
    return this.#isGreeted
  }

  /** The answers that are whole with these bytes; a sentence where this is not the helper's language. */
  read(bytes: Uint8Array): readonly HelperAnswer[] | string {
    this.#chunks.push(bytes)
    this.#held += bytes.length
    if (this.#held < this.#needed) return []
    let rest = joined(this.#chunks, this.#held)
    const answers: HelperAnswer[] = []
    for (;;) {
      if (this.#head !== undefined) {
        const { id, rc, length } = this.#head
        if (rest.length <= length) break
        if (rest[length] !== newline) return `answer ${id} is longer than it says`
        answers.push({ id, rc, body: rest.slice(0, length) })
        rest = rest.subarray(length + 1)
        this.#head = undefined
        continue
      }
      const end = rest.indexOf(newline)
      if (end === -1) break
      const line = textOf(rest.subarray(0, end)).replace(/\r$/, '')
      rest = rest.subarray(end + 1)
      if (!this.#isGreeted) {
        this.#isGreeted = line === greeting
        continue
      }
      const match = /^(\d{1,9}) (\d{1,3}) (\d{1,10})$/.exec(line)
      if (match === null) return `an answer is expected, not '${line.slice(0, 80)}'`
      const length = Number(match[3])
      if (length > this.#bodyBytesMax) return `an answer of ${length} bytes, where ${this.#bodyBytesMax} are the limit`
      this.#head = { id: Number(match[1]), rc: Number(match[2]), length }
    }
    if (this.#head === undefined && rest.length > noiseBytesMax) return `${rest.length} bytes without the end of a line`
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#held = rest.length
    this.#needed = this.#head === undefined ? 0 : this.#head.length + 1
    return answers
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return only
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
