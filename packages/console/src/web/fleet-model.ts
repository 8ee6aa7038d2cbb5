import { type Fleet, fleetEvents, routes, type Session } from '../api/index.ts'
import { type Connection, followStream } from './event-stream.ts'
import { Observable } from './observable.ts'
import type { Server } from './server.ts'

/** What the page of all clusters knows. */
export class FleetModel {
  readonly server: Server
  readonly session: Session
  readonly fleet = new Observable<Fleet | undefined>(undefined)
  readonly connection = new Observable<Connection>({ state: 'connecting', heardAt: undefined })

  constructor(server: Server, session: Session) {
    this.server = server
    this.session = session
  }

  /** Follows what becomes of the clusters until `signal` ends it; `onEnd` is told once the login is over. */
  async follow(signal: AbortSignal, onEnd: () => void): Promise<void> {
    const ended = await followStream(
      {
        path: routes.clustersEvents,
        connection: this.connection,
        take: (event) => {
          if (event.name === 'goodbye') return 'loggedOut'
          if (event.name !== 'clusters') return undefined
          const read = fleetEvents.clusters.safeParse(parsed(event.data))
          if (!read.success) return 'outOfStep'
          this.fleet.set(read.data)
          return undefined
        },
      },
      signal,
    )
    if (ended !== undefined) onEnd()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
