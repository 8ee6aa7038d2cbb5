import { randomBytes } from 'node:crypto'
import { TcpConnection, TcpServer } from '@quorate/qb/ffi'
import { connectionRequest } from '../client/tcp-exchange.ts'
import { beginClient, type ClientStep, stepClient } from '../client-session.ts'
import { keySizeMax } from '../hash.ts'
import type { ServerSecurity } from '../server-session.ts'
import type { Backend, Question } from './backend.ts'
import { FenceDesk } from './fence-desk.ts'
import { StreamJournal } from './journal.ts'
import { secured } from './listener.ts'
import { TcpListener } from './tcp-listener.ts'

/** Exchanges of a rehearsal: after so many V8 has compiled what a request passes through. */
const rounds = 1_000
/** A listener and its key serve so many of them: V8 takes what it sees of one alone for what there will ever be. */
const roundsOfListener = 150
/** No start is held up for longer, however busy the machine is. */
const rehearsalMsMax = 1_000
/** The backend is asked in every so many of them: what it asks of others costs them as well. */
const backendRounds = 3

const monitor: Question = { operation: 'monitor', target: '' }
/** Whom the requests come from, as far as anybody asks. */
const self = { bytes: Uint8Array.of(127, 0, 0, 1), port: 1 }

/**
 * Has requests of its own pass through the code that is to serve real ones, before there are any: the machine that is
 * to be fenced first must not wait for a compiler. They come over sockets that are connected to themselves, with the
 * strengths of the listener and a key of chance, to a listener that nobody else can reach; they ask for nothing. The
 * backend is the real one, since V8 would compile for another what it sees of another, and is asked only what it
 * offers ({@link Backend.practice}).
 */
export async function rehearse({ hash, auth, digest }: ServerSecurity, backend: Backend): Promise<void> {
  let isOver = false
  // Also keeps the process alive, in which there may be nothing else yet.
  let clock: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    clock = setTimeout(() => {
      isOver = true
      resolve()
    }, rehearsalMsMax)
  })
  // A backend that does not answer, or refuses, is left alone: no start is held up for it.
  const offered = backend.practice?.().catch(() => []) ?? Promise.resolve([])
  const questions = (await Promise.race([offered, over])) ?? []
  let listener: TcpListener | undefined
  let security: ServerSecurity = { key: randomBytes(keySizeMax), hash, auth, digest }
  for (let round = 0; round < rounds && !isOver; round += 1) {
    if (listener === undefined || round % roundsOfListener === 0) {
      await listener?.stop()
      security = { key: randomBytes(keySizeMax), hash, auth, digest }
      listener = listenerFor(security, backend)
    }
    const question = round % backendRounds === 0 ? questions[(round / backendRounds) % questions.length] : undefined
    const [server, client] = TcpConnection.pair()
    const serve = (): void => listener?.serve(server, self)
    await Promise.race([ask(client, security, question ?? monitor, serve, round % 2 === 0), over])
    client.destroy()
  }
  await Promise.race([rehearseAdmission().catch(() => undefined), over])
  clearTimeout(clock)
  await listener?.stop()
}

/** Connections of the rehearsal that are let in, and how long each may take. */
const admissions = 20
const admissionMsMax = 100

/**
 * Lets connections in, for the sake of having done it. Who comes is sent away again, so that it does not matter who it
 * is. Without a loopback interface there is nothing to rehearse.
 */
async function rehearseAdmission(): Promise<void> {
  const nobody = { onTrouble: () => undefined, onShortage: () => false }
  const server = new TcpServer({ bytes: self.bytes, port: 0 }, (connection) => connection.destroy(), nobody)
  try {
    for (let round = 0; round < admissions; round += 1) {
      const client = await TcpConnection.connect({ bytes: self.bytes, port: server.port }, admissionMsMax)
      await new Promise<void>((resolve) => client.listen({ onBytes: () => undefined, onGone: () => resolve() }))
    }
  } finally {
    server.close()
  }
}

/** A listener that does not listen. */
function listenerFor(security: ServerSecurity, backend: Backend): TcpListener {
  const { hash, auth } = security
  const journal = new StreamJournal(() => undefined, 0)
  const host = { desk: new FenceDesk(backend, [], journal), journal, rateLimit: { burst: rounds, perSecond: rounds } }
  return new TcpListener(
    { kind: 'tcp', keyFile: '', hash, auth, family: 'ipv4', address: '127.0.0.1', port: self.port },
    secured(host, security),
  )
}

/**
 * One request by the requester's own code, which comes in one piece or in two. Resolves when it was answered, or the
 * connection is gone.
 */
function ask(
  client: TcpConnection,
  security: ServerSecurity,
  { operation, target }: Question,
  serve: () => void,
  isInPieces: boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const first = beginClient(security, randomBytes(64))
    let session = first.session
    const take = (step: ClientStep): void => {
      session = step.session
      for (const effect of step.effects) {
        if (effect.do === 'send') client.send(effect.bytes)
        else resolve()
      }
    }
    const request = { operation, domain: target, isUuid: false, hash: security.hash, security, timeoutMs: 0 }
    client.send(connectionRequest(request))
    if (isInPieces) serve()
    take(first)
    if (!isInPieces) serve()
    client.listen({
      onBytes: (bytes) => {
        take(stepClient(security, session, bytes))
        return undefined
      },
      onGone: () => resolve(),
    })
  })
}
