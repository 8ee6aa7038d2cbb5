import dgram from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { DescriptorWatch } from './descriptor-watch.ts'
import { UdpSocket, udpAddress } from './udp-socket.ts'

const loopback = Uint8Array.of(127, 0, 0, 1)
const loopbackV6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
const bufferBytes = 4 * 1024 * 1024
const open: { close(): void }[] = []
afterEach(() => {
  for (const item of open.splice(0)) item.close()
})

function bound(address: Uint8Array = loopback, port = 0): UdpSocket {
  const socket = UdpSocket.bind(udpAddress(address, port), bufferBytes)
  open.push(socket)
  return socket
}

/** Resolves when there is something to receive. */
function readable(socket: UdpSocket): Promise<void> {
  return new Promise((resolve) => {
    const watch = new DescriptorWatch(socket.fd, () => {
      watch.close()
      resolve()
    })
    watch.want({ readable: true, writable: false })
  })
}

test.each([
  ['127.0.0.1', loopback],
  ['::1', loopbackV6],
])('datagrams go both ways between node:dgram and this, on %s', async (text, address) => {
  const socket = bound(address)
  const other = dgram.createSocket(text === '::1' ? 'udp6' : 'udp4')
  other.bind(0, text)
  await once(other, 'listening')
  other.send('hello', socket.port, text)
  await readable(socket)
  const into = new Uint8Array(100)
  expect(socket.receive(into)).toBe(5)
  expect(Buffer.from(into.subarray(0, 5)).toString()).toBe('hello')
  expect(socket.source).toEqual(address)
  expect(socket.send(new TextEncoder().encode('back'), udpAddress(address, other.address().port))).toBe(4)
  const [bytes] = (await once(other, 'message')) as [Buffer]
  expect(bytes.toString()).toBe('back')
  other.close()
})

test('datagrams come whole and in order, from none to the most bytes', () => {
  const socket = bound()
  const target = udpAddress(loopback, socket.port)
  const sizes = [...Array.from({ length: 150 }, (_, i) => i), 65_507]
  for (const size of sizes) expect(socket.send(new Uint8Array(size), target)).toBe(size)
  const into = new Uint8Array(65_536)
  expect(sizes.map(() => socket.receive(into))).toEqual(sizes)
  expect(socket.receive(into)).toBe(-constants.errno.EAGAIN)
})

test('more bytes than UDP takes are an error of the send, and nothing leaves', () => {
  const socket = bound()
  const outcome = socket.send(new Uint8Array(65_508), udpAddress(loopback, socket.port))
  expect(outcome).toBe(-constants.errno.EMSGSIZE)
})

test('an address of another host and a port in use are errors with their errno', () => {
  const socket = bound()
  expect(() => bound(loopback, socket.port)).toThrow(
    expect.objectContaining({ call: 'bind', errno: constants.errno.EADDRINUSE }),
  )
  expect(() => bound(Uint8Array.of(192, 0, 2, 1))).toThrow(
    expect.objectContaining({ errno: constants.errno.EADDRNOTAVAIL }),
  )
  expect(() => udpAddress(Uint8Array.of(1, 2, 3), 1)).toThrow('an address has 4 or 16 bytes')
  expect(() => udpAddress(loopback, 65_536)).toThrow('a port is 0..65535')
})

test('a peer that is not there does not keep later datagrams from being received', async () => {
  const socket = bound()
  const gone = bound()
  const nobody = udpAddress(loopback, gone.port)
  gone.close()
  for (let i = 0; i < 3; i += 1) socket.send(new Uint8Array(1), nobody)
  socket.send(new Uint8Array(7), udpAddress(loopback, socket.port))
  await readable(socket)
  expect(socket.receive(new Uint8Array(100))).toBe(7)
})

test('a closed socket sends and receives nothing', () => {
  const socket = bound()
  socket.close()
  expect(socket.send(new Uint8Array(1), udpAddress(loopback, 9))).toBe(-constants.errno.EBADF)
  expect(socket.receive(new Uint8Array(1))).toBe(-constants.errno.EBADF)
})
