import { unreachable } from '@quorate/base'
import { type FenceRequest, fenceRequestLayout, openFenceRequest, type RequestFault } from './fence-request.ts'
import { type Digest, digestSize, equalInConstantTime, type HashName, paddedDigest } from './hash.ts'
import { joined } from './octets.ts'

/** What a listener demands of those who ask. */
export type ServerSecurity = {
  readonly key: Uint8Array
  /** Weakest signature of a request that is looked at. */
  readonly hash: HashName
  /** Strength of the challenges, the same at both ends. */
  readonly auth: HashName
  readonly digest: Digest
}

/**
 * The daemon's end of one connection (protocols/fence-virt.md 2 and 3). `request`: awaits the 176 bytes (tcp, vsock);
 * `challenge`: awaits the client's challenge; `proof`: awaits the answer to our own; then the operation may run.
 */
export type ServerSession =
  | { readonly phase: 'request'; readonly pending: Uint8Array }
  | { readonly phase: 'challenge'; readonly pending: Uint8Array; readonly request: FenceRequest }
  | {
      readonly phase: 'proof'
      readonly pending: Uint8Array
      readonly request: FenceRequest
      /** The answer that proves the key, where it was computed ahead ({@link expectProof}). */
      readonly expected?: Uint8Array
    }
  | { readonly phase: 'proven'; readonly request: FenceRequest }
  | { readonly phase: 'refused' }

/** Why a connection is closed without anything being carried out. */
export type SessionFault = RequestFault | 'unproven'

/** What the session wants of its socket, in order. */
export type ServerEffect =
  /** Both parts, as one. */
  | { readonly do: 'send'; readonly bytes: Uint8Array; readonly rest: Uint8Array }
  /** The peer has proven that it holds the key: carry the request out and answer. Comes once at most. */
  | { readonly do: 'execute'; readonly request: FenceRequest }
  | { readonly do: 'refuse'; readonly fault: SessionFault; readonly why: string }

export type ServerStep = { readonly session: ServerSession; readonly effects: readonly ServerEffect[] }

const nothing = new Uint8Array(0)

/** A connection over which the request is still to come. */
export const awaitingRequest: ServerSession = { phase: 'request', pending: nothing }

/** A connection made to a requester whose datagram was already opened. */
export function calledBack(security: ServerSecurity, request: FenceRequest): ServerStep {
  return admitted(security, request, nothing, nothing)
}

/**
 * Advances a session by bytes from the peer.
 *
 * @param challenge 64 bytes of chance that belong to this connection alone
 */
export function stepServer(
  security: ServerSecurity,
  session: ServerSession,
  bytes: Uint8Array,
  challenge: Uint8Array,
): ServerStep {
  switch (session.phase) {
    case 'request':
      return onRequest(security, joined(session.pending, bytes), challenge)
    case 'challenge':
      return onChallenge(security, session.request, joined(session.pending, bytes), challenge)
    case 'proof':
      return onProof(security, session, joined(session.pending, bytes), challenge)
    case 'proven':
    case 'refused':
      return { session, effects: [] }
    default:
      return unreachable(session)
  }
}

function onRequest(security: ServerSecurity, bytes: Uint8Array, challenge: Uint8Array): ServerStep {
  const size = fenceRequestLayout.size
  if (bytes.byteLength < size) return { session: { phase: 'request', pending: bytes }, effects: [] }
  const opened = openFenceRequest(
    bytes.subarray(0, size),
    { key: security.key, digest: security.digest, weakest: security.hash },
    'connection',
  )
  if (!opened.ok) return refusal(opened.error.fault, opened.error.why)
  return admitted(security, opened.value, bytes.slice(size), challenge)
}

function admitted(
  security: ServerSecurity,
  request: FenceRequest,
  rest: Uint8Array,
  challenge: Uint8Array,
): ServerStep {
  if (security.auth === 'none') return proven(request)
  return onChallenge(security, request, rest, challenge)
}

function onChallenge(
  security: ServerSecurity,
  request: FenceRequest,
  bytes: Uint8Array,
  challenge: Uint8Array,
): ServerStep {
  if (bytes.byteLength < digestSize) return { session: { phase: 'challenge', pending: bytes, request }, effects: [] }
  const answer = paddedDigest(security.digest, security.auth, security.key, bytes.subarray(0, digestSize))
  const next = onProof(security, { request }, bytes.slice(digestSize), challenge)
  return { session: next.session, effects: [{ do: 'send', bytes: answer, rest: challenge }, ...next.effects] }
}

/** Computes the answer to our challenge while the peer does the same; a session in another phase is left as it is. */
export function expectProof(security: ServerSecurity, session: ServerSession, challenge: Uint8Array): ServerSession {
  if (session.phase !== 'proof' || session.expected !== undefined) return session
  return { ...session, expected: paddedDigest(security.digest, security.auth, security.key, challenge) }
}

function onProof(
  security: ServerSecurity,
  awaiting: { readonly request: FenceRequest; readonly expected?: Uint8Array },
  bytes: Uint8Array,
  challenge: Uint8Array,
): ServerStep {
  if (bytes.byteLength < digestSize) {
    return { session: { ...awaiting, phase: 'proof', pending: bytes }, effects: [] }
  }
  const { request } = awaiting
  const expected = awaiting.expected ?? paddedDigest(security.digest, security.auth, security.key, challenge)
  if (!equalInConstantTime(expected, bytes.subarray(0, digestSize))) {
    return refusal('unproven', 'the answer to the challenge does not match the key')
  }
  return proven(request)
}

function proven(request: FenceRequest): ServerStep {
  return { session: { phase: 'proven', request }, effects: [{ do: 'execute', request }] }
}

function refusal(fault: SessionFault, why: string): ServerStep {
  return { session: { phase: 'refused' }, effects: [{ do: 'refuse', fault, why }] }
}
