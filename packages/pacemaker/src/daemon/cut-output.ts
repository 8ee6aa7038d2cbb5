import type { Readable } from 'node:stream'

/** Reads all that comes, so that nobody blocks on writing, and keeps the end of it. */
export class CutOutput {
  readonly #stream: Readable | null
  readonly #bytesMax: number
  #kept: Buffer[] = []
  #keptBytes = 0

  /** @param bytesMax bytes that are kept of the end */
  constructor(stream: Readable | null, bytesMax: number) {
    this.#stream = stream
    this.#bytesMax = bytesMax
    stream?.on('data', (chunk: Buffer) => this.#take(chunk))
    stream?.on('error', () => undefined)
  }

  #take(chunk: Buffer): void {
    this.#kept.push(chunk)
    this.#keptBytes += chunk.length
    if (this.#keptBytes <= 2 * this.#bytesMax) return
    const tail = Buffer.concat(this.#kept).subarray(-this.#bytesMax)
    this.#kept = [tail]
    this.#keptBytes = tail.length
  }

  get text(): string {
    return Buffer.concat(this.#kept).subarray(-this.#bytesMax).toString('utf8')
  }

  close(): void {
    this.#stream?.destroy()
  }
}
