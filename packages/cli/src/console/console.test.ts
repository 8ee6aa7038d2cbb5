import { expect, test } from 'vitest'
import { readCall } from './main.ts'

test('by itself it listens on this machine only, for operators', () => {
  expect(readCall([])).toMatchObject({ address: '127.0.0.1', port: 2227, role: 'operator', file: undefined })
  expect(readCall(['--listen', '[::1]:0', '--role', 'viewer', '--file', 'x'])).toMatchObject({
    address: '::1',
    port: 0,
    role: 'viewer',
    file: 'x',
  })
})

test('an address that others reach has to be wanted, since there is no TLS', () => {
  expect(readCall(['--listen', '0.0.0.0:80'])).toContain('there is no TLS yet')
  expect(readCall(['--listen', '0.0.0.0:80', '--without-tls'])).toMatchObject({ address: '0.0.0.0', port: 80 })
})

test('what is no address, port or role is told with what is expected', () => {
  for (const listen of ['2227', '127.0.0.1', '127.0.0.1:', '127.0.0.1:70000', '::1:80']) {
    expect(readCall(['--listen', listen])).toContain('ADDR:PORT is expected')
  }
  expect(readCall(['--role', 'root'])).toContain('viewer, operator, admin are expected')
  expect(readCall(['--token', 'x'])).toContain('--token')
})

test('hosts to connect to are read as they are in the browser, cluster by cluster, and what is none is named', () => {
  expect(readCall(['--connect', 'n1, ops@n2:2222', '--connect', 'web=w1'])).toMatchObject({
    connect: [
      { name: null, hosts: [{ host: 'n1' }, { host: 'n2', user: 'ops', port: 2222 }] },
      { name: 'web', hosts: [{ host: 'w1' }] },
    ],
    takesOneMember: false,
  })
  expect(readCall(['--connect', 'n1', '--connect', 'web=n2 -oProxyCommand'])).toBe(
    '--connect web: -oProxyCommand: a host name, an address or an alias is expected',
  )
  expect(readCall(['--connect', ' , '])).toContain('a host is expected')
  expect(readCall(['--connect', 'web='])).toContain('--connect web: a host is expected')
  expect(readCall(['--connect', 'n1', '--file', 'x'])).toContain('one of them')
  expect(readCall(['--connect', 'n1', '--one-host-cluster'])).toMatchObject({ takesOneMember: true })
})

test('a host key is accepted by its fingerprint only', () => {
  const print = `SHA256:${'a'.repeat(43)}`
  expect(readCall(['--connect', 'n1', '--accept-key', print])).toMatchObject({ acceptedKeys: new Set([print]) })
  expect(readCall(['--connect', 'n1', '--accept-key', 'yes'])).toContain('a fingerprint is expected')
})
