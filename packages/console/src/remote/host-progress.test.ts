import { expect, test } from 'vitest'
import {
  begunProgress,
  endedSsh,
  failedAt,
  greeted,
  type HostProgress,
  heardOfSsh,
  hostFacts,
  reached,
  retryMs,
  stageOf,
} from './host-progress.ts'

const root = { user: 'root', sudo: false }
const ops = { user: 'ops', sudo: true }
const heard = (lines: readonly string[], from: HostProgress = begunProgress) => lines.reduce(heardOfSsh, from)

// As OpenSSH 9.2 says it.
const connecting = 'debug1: Connecting to n1 [192.0.2.1] port 22.'
const established = 'debug1: Connection established.'
const shown = 'debug1: Server host key: ssh-ed25519 SHA256:abc'
const known = "debug1: Host 'n1' is known and matches the ED25519 host key."
const authenticated = 'Authenticated to n1 ([192.0.2.1]:22) using "publickey".'

test('each stage is done by what ssh says of it', () => {
  expect(stageOf(heard([connecting]))).toBe('tcp')
  expect(stageOf(heard([connecting, established]))).toBe('hostKey')
  expect(stageOf(heard([connecting, established, shown, known]))).toBe('auth')
  const inside = heard([connecting, established, shown, known, authenticated, 'debug1: Sending command: sh -s'])
  expect(inside.done).toEqual({ tcp: '192.0.2.1 22', hostKey: 'ssh-ed25519 SHA256:abc', auth: 'publickey' })
  const facts = hostFacts('user=root\nuid=0\nmissing=\nversion=Pacemaker 2.1.5')
  if (facts === undefined) expect.fail('these are facts')
  expect(stageOf(greeted(inside, facts))).toBe('cluster')
})

test('a certificate of a host, and a way through a proxy, where nothing is connected from here', () => {
  const certified = "debug1: Host 'n1' is known and matches the ED25519-CERT host certificate."
  expect(stageOf(heard(['debug1: Executing proxy command: exec ssh -W', shown, certified]))).toBe('auth')
})

const unknown = 'No ED25519 host key is known for [n1]:2222 and you have requested strict checking.'
test.each([
  [['ssh: Could not resolve hostname nn: Name or service not known'], 'tcp', 'unresolved'],
  [[connecting, 'ssh: connect to host n1 port 22: Connection refused'], 'tcp', 'refused'],
  [[connecting, 'ssh: connect to host n1 port 22: Connection timed out'], 'tcp', 'unreachable'],
  [[connecting, 'ssh: connect to host n1 port 22: No route to host'], 'tcp', 'unreachable'],
  [[connecting, established, shown, unknown, 'Host key verification failed.'], 'hostKey', 'keyUnknown'],
  [
    [
      connecting,
      established,
      shown,
      '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
      'Host key verification failed.',
    ],
    'hostKey',
    'keyChanged',
  ],
  [
    [
      connecting,
      established,
      'Unable to negotiate with 192.0.2.1 port 22: no matching host key type found. Their offer: ssh-rsa',
    ],
    'hostKey',
    'keyRefused',
  ],
  [[connecting, established, shown, known, 'root@n1: Permission denied (publickey).'], 'auth', 'denied'],
  [[connecting, established, 'Connection closed by 192.0.2.1 port 22'], 'hostKey', 'ssh'],
])('the end after %j is told at %s as %s', (lines, stage, code) => {
  expect(endedSsh(heard(lines), 255, root).failure).toMatchObject({ stage, code, remedy: null })
})

test('behind the login it is sudo that fails, or the shell', () => {
  const end = [
    'Transferred: sent 5816, received 3400 bytes, in 0.2 seconds',
    'Bytes per second: sent 3.6, received 1.9',
  ]
  const words = ['sudo: a password is required', ...end]
  const inside = heard([connecting, established, shown, known, authenticated, ...words])
  expect(endedSsh(inside, 1, ops).failure).toEqual({
    stage: 'privilege',
    code: 'sudo',
    detail: 'sudo: a password is required',
    remedy: 'ops ALL=(root) NOPASSWD: /bin/sh -s',
  })
  expect(endedSsh(inside, 1, root).failure).toMatchObject({ code: 'shell', remedy: null })
})

test('words of the host that look like words of ssh do not matter once it is in', () => {
  const inside = reached(begunProgress, 'privilege', 'root')
  expect(endedSsh(heard(['Permission denied'], inside), 255, root).failure).toMatchObject({
    code: 'lost',
    stage: 'cluster',
  })
})

test('tools that are not there are named', () => {
  const facts = hostFacts('user=ops\nuid=0\nmissing= cibadmin crm_resource\nversion=')
  if (facts === undefined) expect.fail('these are facts')
  expect(greeted(begunProgress, facts).failure).toMatchObject({
    stage: 'cluster',
    code: 'noPacemaker',
    detail: 'not there: cibadmin crm_resource',
  })
  expect(hostFacts('bash: id: command not found')).toBeUndefined()
})

test('what may pass is tried again, ever more seldom; who is not let in does not knock again and again', () => {
  const at = (code: Parameters<typeof failedAt>[1], wasThere: boolean, attempt = 0) =>
    retryMs(failedAt(begunProgress, code, ''), wasThere, attempt)
  expect([0, 1, 2, 5, 50].map((attempt) => at('refused', false, attempt))).toEqual([2000, 4000, 8000, 60_000, 60_000])
  expect(at('lost', true)).toBe(2000)
  expect(at('denied', false)).toBeUndefined()
  expect(at('denied', true)).toBe(15_000)
  expect(at('otherCluster', true)).toBeUndefined()
  expect(at('oneMember', true)).toBeUndefined()
  const key = failedAt(begunProgress, 'keyChanged', '', { stage: 'hostKey' })
  expect(retryMs(key, true, 0)).toBeUndefined()
})
