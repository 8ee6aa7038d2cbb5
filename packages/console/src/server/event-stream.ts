import { type ClusterEvent, heartbeatSeconds, limits, type Operation, type SnapshotPatch } from '../api/index.ts'
import type { Operations } from './operations.ts'
import type { Picture } from './picture.ts'

/** Streams of events to browsers. */
export class EventStreams {
  readonly #picture: Picture
  readonly #operations: Operations
  readonly #streams = new Set<EventStream>()

  constructor(picture: Picture, operations: Operations) {
    this.#picture = picture
    this.#operations = operations
    picture.listen({
      snapshot: () => {
        for (const stream of [...this.#streams]) this.#whole(stream)
      },
      patch: (patch) => this.#each({ name: 'patch', data: patch }, this.#id(patch.rev)),
      stale: (stale, snapshot) =>
        this.#each({ name: 'stale', data: stale }, snapshot === undefined ? undefined : this.#id(snapshot.rev)),
    })
  }

  get count(): number {
    return this.#streams.size
  }

  /** Tells of an operation that has changed. */
  operation(operation: Operation): void {
    this.#each({ name: 'operation', data: operation }, undefined)
  }

  /**
   * A new stream.
   *
   * @param lastId value of `Last-Event-ID`
   * @param login secret of the login that it belongs to
   */
  open(lastId: string | undefined, login: string): ReadableStream<Uint8Array> {
    const stream = new EventStream(login, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    const missed = this.#missed(lastId)
    if (missed === undefined) this.#whole(stream)
    else {
      for (const patch of missed) stream.send({ name: 'patch', data: patch }, this.#id(patch.rev))
      this.#running(stream)
    }
    return stream.body
  }

  /** Ends the streams of a login, or all. */
  end(reason: string, login?: string): void {
    for (const stream of [...this.#streams]) {
      if (login !== undefined && stream.login !== login) continue
      stream.send({ name: 'goodbye', data: { reason } }, undefined)
      stream.close()
    }
  }

  /** Closes all: the cluster is not here any more. */
  close(): void {
    for (const stream of [...this.#streams]) stream.close()
  }

  #id(rev: number): string {
    return `${this.#picture.server}.${rev}`
  }

  #missed(lastId: string | undefined): readonly SnapshotPatch[] | undefined {
    const match = /^([\w-]+)\.(\d{1,15})$/.exec(lastId ?? '')
    if (match === null || match[1] !== this.#picture.server || this.#picture.stale !== null) return undefined
    return this.#picture.since(Number(match[2]))
  }

  #whole(stream: EventStream): void {
    const { snapshot, stale } = this.#picture
    if (snapshot !== undefined) stream.send({ name: 'snapshot', data: snapshot }, this.#id(snapshot.rev))
    else if (stale !== null) stream.send({ name: 'stale', data: stale }, undefined)
    this.#running(stream)
  }

  #running(stream: EventStream): void {
    for (const operation of this.#operations.running) stream.send({ name: 'operation', data: operation }, undefined)
  }

  #each(event: ClusterEvent, id: string | undefined): void {
    const bytes = encoded(event, id)
    for (const stream of [...this.#streams]) stream.write(bytes)
  }
}

const text = new TextEncoder()

/** Any event: its name, and what travels as JSON. */
type StreamEvent = { readonly name: string; readonly data: unknown }

function encoded({ name, data }: StreamEvent, id: string | undefined): Uint8Array {
  return text.encode(`event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`)
}

/** One browser. It is closed when it does not read, and comes back for what it missed. */
export class EventStream {
  readonly login: string
  readonly body: ReadableStream<Uint8Array>
  readonly #ended: () => void
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #beat: NodeJS.Timeout | undefined

  constructor(login: string, ended: () => void) {
    this.login = login
    this.#ended = ended
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => this.#end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: limits.streamBacklogBytesMax }),
    )
    this.#beat = setInterval(() => this.write(text.encode(': \n\n')), heartbeatSeconds * 1000)
    this.#beat.unref()
  }

  send(event: StreamEvent, id: string | undefined): void {
    this.write(encoded(event, id))
  }

  write(bytes: Uint8Array): void {
    if (this.#controller === undefined) return
    this.#controller.enqueue(bytes)
    if ((this.#controller.desiredSize ?? 0) < 0) this.close()
  }

  close(): void {
    this.#controller?.close()
    this.#end()
  }

  #end(): void {
    clearInterval(this.#beat)
    this.#controller = undefined
    this.#ended()
  }
}
