import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type UnixAddress, UnixSocket } from './ffi/index.ts'
import { notifyService } from './service-notice.ts'

function heard(address: UnixAddress, name: string): string {
  const socket = UnixSocket.datagram(address, 4096)
  expect(notifyService('READY=1', { NOTIFY_SOCKET: name })).toBeUndefined()
  const into = new Uint8Array(64)
  const count = socket.receive(into)
  socket.close()
  return Buffer.from(into.subarray(0, Math.max(count, 0))).toString()
}

test('readiness is told on a socket file', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-notify-'))
  const name = path.join(folder, 'notify')
  expect(heard({ kind: 'file', name }, name)).toBe('READY=1')
  fs.rmSync(folder, { recursive: true })
})

test('readiness is told on an abstract socket, whose name is not padded', () => {
  const name = `quorate-notify-${process.pid}`
  expect(heard({ kind: 'abstract-unpadded', name }, `@${name}`)).toBe('READY=1')
})

test('nobody to tell is no trouble; a socket that is gone is a text for the log', () => {
  expect(notifyService('READY=1', {})).toBeUndefined()
  expect(notifyService('READY=1', { NOTIFY_SOCKET: '/nowhere/notify' })).toContain(
    'NOTIFY_SOCKET /nowhere/notify: connect',
  )
})
