import { heartbeatSeconds } from '../api/index.ts'
import { readStream, type StreamEvent, streamStart } from './event-lines.ts'
import type { Observable } from './observable.ts'

/** Whether a stream of events is up, and when the browser last heard of the server. Milliseconds of the browser's clock. */
export type Connection = {
  readonly state: 'connecting' | 'live' | 'lost'
  readonly heardAt: number | undefined
}

/** Why nothing comes of a stream any more. `gone`: there is no such thing at its path. */
export type StreamEnd = 'lost' | 'loggedOut' | 'gone' | 'outOfStep'

/** What is done with the events of a path. */
export type StreamReader = {
  readonly path: string
  readonly connection: Observable<Connection>
  /** Told each time that the stream has begun. */
  readonly began?: () => void
  /** Takes an event in; an end where nothing more is wanted of this stream. */
  readonly take: (event: StreamEvent) => StreamEnd | undefined
}

/** How long a stream may say nothing, not even that it lives, before it counts as lost. */
const silenceMs = 2.5 * heartbeatSeconds * 1000
const retryMsMin = 500
const retryMsMax = 10_000

/**
 * Follows a stream until `signal` ends it: after a break it goes on behind the last event that it has. Resolves to why it is
 * not followed any more: undefined where the signal said so.
 *
 * A `fetch` and no `EventSource`: that one keeps signs of life and HTTP statuses to itself.
 */
export async function followStream(
  reader: StreamReader,
  signal: AbortSignal,
): Promise<'loggedOut' | 'gone' | undefined> {
  let lastEventId = ''
  let retryMs = retryMsMin
  while (!signal.aborted) {
    const ended = await followOnce(reader, signal, lastEventId, (event) => {
      retryMs = retryMsMin
      if (event.id !== '') lastEventId = event.id
    })
    if (signal.aborted) return undefined
    if (ended === 'loggedOut' || ended === 'gone') return ended
    if (ended === 'outOfStep') lastEventId = ''
    const { heardAt } = reader.connection.value
    reader.connection.set({ state: 'lost', heardAt })
    await pause(retryMs, signal)
    retryMs = Math.min(retryMsMax, retryMs * 2)
  }
  return undefined
}

async function followOnce(
  { path, connection, began, take }: StreamReader,
  signal: AbortSignal,
  lastEventId: string,
  onEvent: (event: StreamEvent) => void,
): Promise<StreamEnd> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silenceMs)
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), silenceMs)
    connection.set({ state: 'live', heardAt: Date.now() })
  }
  try {
    const response = await fetch(path, {
      credentials: 'same-origin',
      headers: { Accept: 'text/event-stream', ...(lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }) },
      signal: AbortSignal.any([signal, silence.signal]),
    })
    if (response.status === 401) return 'loggedOut'
    if (response.status === 404) return 'gone'
    if (!response.ok || response.body === null) return 'lost'
    heard()
    began?.()
    const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = streamStart
    for (;;) {
      const { done, value } = await chunks.read()
      if (done) return 'lost'
      heard()
      const read = readStream(rest, value)
      if (read === undefined) return 'outOfStep'
      rest = read.rest
      for (const event of read.events) {
        const end = take(event)
        if (end !== undefined) return end
        onEvent(event)
      }
    }
  } catch {
    // A connection that could not be made, broke, or said nothing for too long: all of them end the same way.
    return 'lost'
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
