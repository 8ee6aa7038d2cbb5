import { randomBytes } from 'node:crypto'
import net from 'node:net'
import type { ClientSecurity } from '../client-session.ts'
import { encodeFenceRequest, randomSize } from '../fence-request.ts'
import type { HashName } from '../hash.ts'
import type { OperationName } from '../operation.ts'
import { type ExchangeEnd, runExchange } from './exchange.ts'

/** A request on its way, whatever it travels by. */
export type NetworkRequest = {
  readonly operation: OperationName
  readonly domain: string
  readonly isUuid: boolean
  readonly hash: HashName
  readonly security: ClientSecurity
  /** For connecting, and again for the operation. */
  readonly timeoutMs: number
}

/** Asks a fence_virtd that listens on TCP. */
export async function exchangeOverTcp(
  request: NetworkRequest,
  to: { readonly host: string; readonly port: number },
): Promise<ExchangeEnd> {
  // Node would connect to this machine.
  if (to.host === '') return { kind: 'unreachable', code: 'ENOENT' }
  const socket = net.connect({ host: to.host, port: to.port, noDelay: true, allowHalfOpen: true })
  const fault = await connectFault(socket, request.timeoutMs)
  if (fault !== undefined) return { kind: 'unreachable', code: fault }
  return runExchange(socket, request.security, connectionRequest(request), request.timeoutMs)
}

/** The 176 bytes with which a connection of the requester's own begins. */
export function connectionRequest({ operation, domain, isUuid, hash, security }: NetworkRequest): Uint8Array {
  return encodeFenceRequest(
    { operation, domain, isUuid, hash, sequence: sequenceNow(), callBack: undefined },
    { key: security.key, digest: security.digest, random: randomBytes(randomSize) },
  )
}

/** Numbers go round after this many: microseconds of a second. */
const sequenceEnd = 1_000_000
/** How far numbers may run ahead of the clock while requests are made faster than it counts. */
const aheadMax = 10_000
let lastSequence = -1

/**
 * About the microseconds of the wall clock, as the C programs number their requests; never the same twice in a row. Not
 * of `performance`, whose first use costs a client more than all that it computes.
 */
export function sequenceNow(): number {
  const [, nanoseconds] = process.hrtime()
  const now = (Date.now() * 1000 + (Math.trunc(nanoseconds / 1000) % 1000)) % sequenceEnd
  const isAhead = lastSequence >= now && lastSequence - now < aheadMax
  lastSequence = isAhead ? (lastSequence + 1) % sequenceEnd : now
  return lastSequence
}

function connectFault(socket: net.Socket, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      socket.destroy()
      resolve('ETIMEDOUT')
    }, timeoutMs)
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late)
      resolve(error.code ?? 'EIO')
    })
    socket.once('connect', () => {
      clearTimeout(late)
      socket.removeAllListeners('error')
      resolve(undefined)
    })
  })
}
