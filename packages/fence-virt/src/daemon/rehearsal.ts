import { randomBytes } from 'node:crypto'
import { TcpConnection } from '@quorate/qb/ffi'
import { connectionRequest } from '../client/tcp-exchange.ts'
import { beginClient, type ClientStep, stepClient } from '../client-session.ts'
import { keySizeMax } from '../hash.ts'
import { joined } from '../octets.ts'
import { RecentRequests } from '../recent-requests.ts'
import type { ServerSecurity } from '../server-session.ts'
import type { Backend } from './backend.ts'
import { ConnectionTable } from './connection-table.ts'
import { FenceDesk } from './fence-desk.ts'
import { type Journal, streamJournal } from './journal.ts'
import type { ListenerHost } from './listener.ts'
import { NullBackend } from './null-backend.ts'
import { serveConnection } from './secure-connection.ts'
import { singleUse, unasked } from './tcp-listener.ts'

/** Exchanges of a rehearsal: after so many V8 has compiled what a request passes through. */
const rounds = 1_500
/** No start is held up for longer, however busy the machine is. */
const rehearsalMsMax = 500
/** The backend is asked in every so many of them: what it asks of others costs them as well. */
const backendRounds = 5

/**
 * Has requests of its own pass through the code that is to serve real ones, before there are any: the machine that is
 * to be fenced first must not wait for a compiler. They come over sockets that are connected to themselves, with the
 * strengths of the listener and a key of chance, and ask for nothing. The backend is only asked what it knows.
 */
export async function rehearse(
  { rateLimit }: Pick<ListenerHost, 'rateLimit'>,
  security: ServerSecurity,
  backend: Backend,
): Promise<void> {
  const silent: Journal = streamJournal(() => undefined, 0)
  const own = { ...security, key: randomBytes(keySizeMax) }
  const host = {
    desk: new FenceDesk(new NullBackend('', silent), [], silent),
    journal: silent,
    rateLimit,
    security: own,
  }
  const table = new ConnectionTable()
  const owner = singleUse(new RecentRequests())
  // A backend that does not answer, or refuses, is left alone: no start is held up for it.
  let isBackendBusy = false
  const free = (): void => {
    isBackendBusy = false
  }
  let isOver = false
  // Also keeps the process alive, in which there may be nothing else yet.
  let clock: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    clock = setTimeout(() => {
      isOver = true
      resolve()
    }, rehearsalMsMax)
  })
  for (let round = 0; round < rounds && !isOver; round += 1) {
    const [server, client] = TcpConnection.pair()
    serveConnection(host, table, server, unasked, '127.0.0.1', owner)
    if (round % backendRounds === 0 && !isBackendBusy) {
      isBackendBusy = true
      backend.rehearse?.().then(free, () => undefined)
    }
    await Promise.race([ask(client, own), over])
    client.destroy()
  }
  clearTimeout(clock)
  table.closeAll()
}

/** One request by the requester's own code. Resolves when it was answered, or the connection is gone. */
function ask(client: TcpConnection, security: ServerSecurity): Promise<void> {
  return new Promise((resolve) => {
    const first = beginClient(security, randomBytes(64))
    let session = first.session
    let unsent = connectionRequest({
      operation: 'monitor',
      domain: '',
      isUuid: false,
      hash: security.hash,
      security,
      timeoutMs: 0,
    })
    const take = (step: ClientStep): void => {
      session = step.session
      for (const effect of step.effects) {
        if (effect.do === 'send') unsent = joined(unsent, effect.bytes)
        else resolve()
      }
      if (unsent.byteLength > 0) client.send(unsent)
      unsent = new Uint8Array(0)
    }
    take(first)
    client.listen({ onBytes: (bytes) => take(stepClient(security, session, bytes)), onGone: () => resolve() })
  })
}
