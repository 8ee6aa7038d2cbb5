import net from 'node:net'
import type { Duplex } from 'node:stream'
import { channelResponseSize, encodeChannelRequest, type FrameHunt, huntFrame, noFrames } from '../channel-frame.ts'
import { beginAfterResponse, type ClientSession, type ClientStep, stepClient } from '../client-session.ts'
import type { OperationName } from '../operation.ts'
import type { ExchangeEnd } from './exchange.ts'
import { nodeDigest } from './node-digest.ts'
import { sequenceNow } from './tcp-exchange.ts'

/** A request over the guest's own line. */
export type LineRequest = {
  readonly operation: OperationName
  readonly domain: string
  readonly isUuid: boolean
  readonly timeoutMs: number
}

/** Time in which the channel must take a connection. */
export const channelConnectMs = 3_000
/** Lines carry no keys; the session is entered behind authentication. */
const noSecurity = { key: new Uint8Array(0), auth: 'none', digest: nodeDigest } as const

/** Asks over a line that is open: a serial port, or a channel. */
export function exchangeOverLine(stream: Duplex, request: LineRequest): Promise<ExchangeEnd> {
  return new Promise((resolve) => {
    let hunt: FrameHunt = noFrames
    let session: ClientSession | undefined
    let isOver = false
    const finish = (end: ExchangeEnd): void => {
      if (isOver) return
      isOver = true
      clearTimeout(late)
      stream.destroy()
      resolve(end)
    }
    const late = setTimeout(() => finish({ kind: 'timeout', phase: 'response' }), request.timeoutMs)
    const take = (step: ClientStep): void => {
      session = step.session
      for (const effect of step.effects) if (effect.do === 'finish') finish(effect.outcome)
    }
    const onBytes = (bytes: Uint8Array): void => {
      if (session !== undefined) return take(stepClient(noSecurity, session, bytes))
      const found = huntFrame(hunt, bytes, channelResponseSize)
      if ('hunt' in found) {
        hunt = found.hunt
        return
      }
      const first = beginAfterResponse(found.frame[channelResponseSize - 1] ?? 1)
      take(first)
      take(stepClient(noSecurity, first.session, found.rest))
    }
    stream.on('data', onBytes)
    stream.on('error', (error: NodeJS.ErrnoException) =>
      finish({ kind: 'closed', phase: 'response', code: error.code ?? 'EIO' }),
    )
    stream.on('close', () => finish({ kind: 'closed', phase: 'response', code: 'END' }))
    stream.write(encodeChannelRequest({ ...request, sequence: sequenceNow() }))
  })
}

/** Asks over the channel that the host presents as a TCP address (vmchannel, `guestfwd`). */
export async function exchangeOverChannel(
  request: LineRequest,
  to: { readonly host: string; readonly port: number },
): Promise<ExchangeEnd> {
  // Node would connect to this machine.
  if (to.host === '') return { kind: 'unreachable', code: 'ENOENT' }
  const socket = net.connect({ host: to.host, port: to.port, noDelay: true })
  const fault = await new Promise<string | undefined>((resolve) => {
    const late = setTimeout(() => resolve('ETIMEDOUT'), channelConnectMs)
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
  if (fault === undefined) return exchangeOverLine(socket, request)
  socket.destroy()
  return { kind: 'unreachable', code: fault }
}
