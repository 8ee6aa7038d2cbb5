import { type ClusterEvent, type ClusterEventName, clusterEvents, heartbeatSeconds, routes } from '../api/index.ts'
import type { ClusterStore } from './cluster-store.ts'
import { readStream, streamStart } from './event-lines.ts'
import type { Server } from './server.ts'

/** How long a stream may say nothing, not even that it lives, before it counts as lost. */
const silenceMs = 2.5 * heartbeatSeconds * 1000
const retryMsMin = 500
const retryMsMax = 10_000

/**
 * Follows the events of the cluster into a store until `signal` ends it: after a break it goes on behind the last event that
 * it has. `onLoggedOut` is told once the login is over, and nothing is asked for any more.
 *
 * The stream tells of operations that are under way. What has become of others meanwhile is asked for each time it begins.
 *
 * A `fetch` and no `EventSource`: that one keeps signs of life and HTTP statuses to itself.
 */
export async function followEvents(
  store: ClusterStore,
  server: Pick<Server, 'operations'>,
  signal: AbortSignal,
  onLoggedOut: () => void,
): Promise<void> {
  let lastEventId = ''
  let retryMs = retryMsMin
  while (!signal.aborted) {
    const ended = await followOnce(store, server, signal, lastEventId, (eventId) => {
      lastEventId = eventId
      retryMs = retryMsMin
    })
    if (signal.aborted) return
    if (ended === 'loggedOut') {
      onLoggedOut()
      return
    }
    if (ended === 'outOfStep') lastEventId = ''
    const { heardAt } = store.connection.value
    store.connection.set({ state: 'lost', heardAt })
    await pause(retryMs, signal)
    retryMs = Math.min(retryMsMax, retryMs * 2)
  }
}

async function followOnce(
  store: ClusterStore,
  server: Pick<Server, 'operations'>,
  signal: AbortSignal,
  lastEventId: string,
  onEvent: (eventId: string) => void,
): Promise<'lost' | 'loggedOut' | 'outOfStep'> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silenceMs)
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), silenceMs)
    store.connection.set({ state: 'live', heardAt: Date.now() })
  }
  try {
    const response = await fetch(routes.events, {
      credentials: 'same-origin',
      headers: { Accept: 'text/event-stream', ...(lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }) },
      signal: AbortSignal.any([signal, silence.signal]),
    })
    if (response.status === 401) return 'loggedOut'
    if (!response.ok || response.body === null) return 'lost'
    heard()
    void askForOperations(store, server, signal)
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = streamStart
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'lost'
      heard()
      const read = readStream(rest, value)
      if (read === undefined) return 'outOfStep'
      rest = read.rest
      for (const event of read.events) {
        // What a later server may tell besides is left aside.
        if (!Object.hasOwn(clusterEvents, event.name)) continue
        const known = clusterEvent(event.name as ClusterEventName, event.data)
        if (known === undefined) return 'outOfStep'
        store.receive(known, event.id)
        const { isOutOfStep, isLoggedOut } = store.state.value
        if (isLoggedOut) return 'loggedOut'
        if (isOutOfStep) return 'outOfStep'
        if (event.id !== '') onEvent(event.id)
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

/** Where no answer comes the connection is about to break as well, and it is asked again after that. */
async function askForOperations(
  store: ClusterStore,
  server: Pick<Server, 'operations'>,
  signal: AbortSignal,
): Promise<void> {
  const asked = new Set(store.state.value.operations.keys())
  const answer = await server.operations()
  if (answer.ok && !signal.aborted) store.noteOperations(answer.value, asked)
}

/** An event of the contract; nothing where it does not have the shape of its name. */
function clusterEvent(name: ClusterEventName, data: string): ClusterEvent | undefined {
  try {
    const read = clusterEvents[name].safeParse(JSON.parse(data))
    return read.success ? ({ name, data: read.data } as ClusterEvent) : undefined
  } catch {
    return undefined
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
