import { unreachable } from '@quorate/base'
import { type Digest, digestSize, equalInConstantTime, type HashName, paddedDigest } from './hash.ts'
import { decodeHost, hostRecordLayout } from './host-record.ts'
import { joined } from './octets.ts'
import { type Host, responses } from './operation.ts'

/** Hosts in one list; a longer one is refused. */
export const hostsMax = 65_536

/** What a client holds to prove itself and to have the daemon prove itself. */
export type ClientSecurity = { readonly key: Uint8Array; readonly auth: HashName; readonly digest: Digest }

/**
 * The client's end of a connection once it stands. `answer`: awaits the daemon's answer to our challenge;
 * `challenge`: awaits the daemon's own; `response`: awaits the byte that tells the outcome; `hosts`: reads a list.
 */
export type ClientSession =
  | { readonly phase: 'answer'; readonly pending: Uint8Array; readonly challenge: Uint8Array }
  | { readonly phase: 'challenge' | 'response'; readonly pending: Uint8Array }
  | { readonly phase: 'hosts'; readonly pending: Uint8Array; readonly hosts: readonly Host[] }
  | { readonly phase: 'done' }

/** How an exchange came out. */
export type ClientOutcome =
  | { readonly kind: 'response'; readonly response: number }
  | { readonly kind: 'hosts'; readonly hosts: readonly Host[] }
  /** The daemon could not prove that it holds the key. */
  | {
      readonly kind: 'mismatch'
      readonly challenge: Uint8Array
      readonly expected: Uint8Array
      readonly answer: Uint8Array
    }
  | { readonly kind: 'garbled'; readonly why: string }

export type ClientEffect =
  | { readonly do: 'send'; readonly bytes: Uint8Array }
  | { readonly do: 'finish'; readonly outcome: ClientOutcome }

export type ClientStep = { readonly session: ClientSession; readonly effects: readonly ClientEffect[] }

const nothing = new Uint8Array(0)

/** Begins on a connection that stands: with auth, by challenging the daemon. `challenge`: 64 bytes of chance. */
export function beginClient(security: ClientSecurity, challenge: Uint8Array): ClientStep {
  if (security.auth === 'none') return { session: { phase: 'response', pending: nothing }, effects: [] }
  return { session: { phase: 'answer', pending: nothing, challenge }, effects: [{ do: 'send', bytes: challenge }] }
}

/** Begins behind authentication, or where there is none (serial and vmchannel, behind their frame): with a response. */
export function beginAfterResponse(response: number): ClientStep {
  return onResponse(Uint8Array.of(response))
}

/** Advances by bytes of the daemon. */
export function stepClient(security: ClientSecurity, session: ClientSession, bytes: Uint8Array): ClientStep {
  switch (session.phase) {
    case 'answer':
      return onAnswer(security, session.challenge, joined(session.pending, bytes))
    case 'challenge':
      return onChallenge(security, joined(session.pending, bytes))
    case 'response':
      return onResponse(joined(session.pending, bytes))
    case 'hosts':
      return onHosts(session.hosts, joined(session.pending, bytes))
    case 'done':
      return { session, effects: [] }
    default:
      return unreachable(session)
  }
}

function onAnswer(security: ClientSecurity, challenge: Uint8Array, bytes: Uint8Array): ClientStep {
  if (bytes.byteLength < digestSize) return { session: { phase: 'answer', pending: bytes, challenge }, effects: [] }
  const expected = paddedDigest(security.digest, security.auth, security.key, challenge)
  const answer = bytes.slice(0, digestSize)
  if (!equalInConstantTime(expected, answer)) return finish({ kind: 'mismatch', challenge, expected, answer })
  return onChallenge(security, bytes.slice(digestSize))
}

function onChallenge(security: ClientSecurity, bytes: Uint8Array): ClientStep {
  if (bytes.byteLength < digestSize) return { session: { phase: 'challenge', pending: bytes }, effects: [] }
  const answer = paddedDigest(security.digest, security.auth, security.key, bytes.subarray(0, digestSize))
  const next = onResponse(bytes.slice(digestSize))
  return { session: next.session, effects: [{ do: 'send', bytes: answer }, ...next.effects] }
}

function onResponse(bytes: Uint8Array): ClientStep {
  const [response] = bytes
  if (response === undefined) return { session: { phase: 'response', pending: nothing }, effects: [] }
  if (response !== responses.hostList) return finish({ kind: 'response', response })
  return onHosts([], bytes.slice(1))
}

function onHosts(known: readonly Host[], bytes: Uint8Array): ClientStep {
  const hosts = [...known]
  let at = 0
  while (bytes.byteLength - at >= hostRecordLayout.size) {
    const host = decodeHost(bytes.subarray(at, at + hostRecordLayout.size))
    at += hostRecordLayout.size
    if (host === undefined) return finish({ kind: 'hosts', hosts })
    if (hosts.length >= hostsMax) return finish({ kind: 'garbled', why: `a list of more than ${hostsMax} hosts` })
    hosts.push(host)
  }
  return { session: { phase: 'hosts', pending: bytes.slice(at), hosts }, effects: [] }
}

function finish(outcome: ClientOutcome): ClientStep {
  return { session: { phase: 'done' }, effects: [{ do: 'finish', outcome }] }
}
