import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { knownHostLines } from './known-hosts.ts'

const digest = (key: string): string => createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64')

test('a key goes by the fingerprint that ssh-keygen -l prints', () => {
  const line = '[n1]:22 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJyIDApO7z8kpzGYEOd+7R3SaZX9zENmQ7ltbwYL8zQS'
  const [known, ...more] = knownHostLines(`# comment\n${line}\n@revoked x ssh-rsa AAAA\n`, digest)
  expect(more).toEqual([])
  expect(known?.line).toBe(line)
  expect(known?.key).toMatchObject({ name: '[n1]:22', type: 'ssh-ed25519' })
  expect(known?.key.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
})
