import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { beginClient, type ClientOutcome, type ClientSecurity, type ClientStep, stepClient } from '../client-session.ts'
import { digestSize } from '../hash.ts'

/**
 * How an exchange ended: by an outcome of the session, or by the connection. `phase` tells how far it had come when
 * the peer closed, or the time was over.
 */
export type ExchangeEnd =
  | ClientOutcome
  | { readonly kind: 'closed'; readonly phase: ExchangePhase; readonly code: string }
  /** `phase` is undefined where nobody ever connected. */
  | { readonly kind: 'timeout'; readonly phase: ExchangePhase | undefined }
  | { readonly kind: 'unreachable'; readonly code: string }
  | { readonly kind: 'no-listener'; readonly code: string }

/** What was awaited: see {@link ClientSession}. */
export type ExchangePhase = 'answer' | 'challenge' | 'response' | 'hosts'

/** Code that stands for an orderly end of the connection. */
export const cleanEnd = 'END'

/** Runs a session over a connection that stands, within `timeoutMs`. The connection is closed at the end. */
export function runExchange(
  stream: Duplex,
  security: ClientSecurity,
  request: Uint8Array | undefined,
  timeoutMs: number,
): Promise<ExchangeEnd> {
  return new Promise((resolve) => {
    const first = beginClient(security, randomBytes(digestSize))
    let session = first.session
    let isOver = false
    const finish = (end: ExchangeEnd): void => {
      if (isOver) return
      isOver = true
      clearTimeout(late)
      stream.destroy()
      resolve(end)
    }
    const late = setTimeout(() => {
      if (session.phase !== 'done') finish({ kind: 'timeout', phase: session.phase })
    }, timeoutMs)
    const closed = (code: string): void => {
      if (session.phase !== 'done') finish({ kind: 'closed', phase: session.phase, code })
    }
    const take = (step: ClientStep): void => {
      session = step.session
      for (const effect of step.effects) {
        if (effect.do === 'send') stream.write(effect.bytes)
        else finish(effect.outcome)
      }
    }
    stream.on('data', (bytes: Uint8Array) => take(stepClient(security, session, bytes)))
    stream.on('end', () => closed(cleanEnd))
    stream.on('error', (error: NodeJS.ErrnoException) => closed(error.code ?? 'EIO'))
    stream.on('close', () => closed(cleanEnd))
    if (request !== undefined) stream.write(request)
    take(first)
  })
}
