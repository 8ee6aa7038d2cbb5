import { type ClusterEvent, type ClusterEventName, clusterEvents } from '../api/index.ts'
import type { ClusterStore } from './cluster-store.ts'
import { followStream } from './event-stream.ts'
import type { Server } from './server.ts'

/**
 * Follows the events of the cluster into a store until `signal` ends it. `onEnd` is told once there is nothing to follow any
 * more: the login is over, or the server has the cluster no longer.
 *
 * The stream tells of operations that are under way. What has become of others meanwhile is asked for each time it begins.
 */
export async function followEvents(
  store: ClusterStore,
  server: Pick<Server, 'operations' | 'routes'>,
  signal: AbortSignal,
  onEnd: (end: 'loggedOut' | 'gone') => void,
): Promise<void> {
  const ended = await followStream(
    {
      path: server.routes.events,
      connection: store.connection,
      began: () => void askForOperations(store, server, signal),
      take: (event) => {
        // What a later server may tell besides is left aside.
        if (!Object.hasOwn(clusterEvents, event.name)) return undefined
        const known = clusterEvent(event.name as ClusterEventName, event.data)
        if (known === undefined) return 'outOfStep'
        store.receive(known, event.id)
        const { isOutOfStep, isLoggedOut } = store.state.value
        if (isLoggedOut) return 'loggedOut'
        return isOutOfStep ? 'outOfStep' : undefined
      },
    },
    signal,
  )
  if (ended !== undefined) onEnd(ended)
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
