import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { type TcpAddress, TcpConnection, TcpServer } from './tcp-socket.ts'

const quiet = { onTrouble: () => undefined }
/** A loaded machine may take its time. */
const patienceMs = 240_000
const loopback = Uint8Array.of(127, 0, 0, 1)

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

describe('TCP without streams', () => {
  it('takes connections, tells whose they are, and hands back every byte of a long answer', async () => {
    const port = await freePort()
    const long = new Uint8Array(5_000_000).map((_, index) => index % 251)
    const peers: TcpAddress[] = []
    const server = new TcpServer(
      { bytes: loopback, port },
      (connection, from) => {
        peers.push(from)
        connection.listen({ onBytes: () => void connection.end(long), onGone: () => undefined })
      },
      quiet,
    )
    const got = await new Promise<Buffer>((resolve, reject) => {
      const parts: Buffer[] = []
      const client = net.connect(port, '127.0.0.1', () => client.write('x'))
      client.on('data', (part) => parts.push(part))
      client.on('error', reject)
      client.on('close', () => resolve(Buffer.concat(parts)))
    })
    server.close()
    expect(got.equals(Buffer.from(long))).toBe(true)
    expect([...(peers[0]?.bytes ?? [])]).toEqual([127, 0, 0, 1])
  })

  it('does not lose an answer for bytes that nobody read', async () => {
    const port = await freePort()
    const server = new TcpServer(
      { bytes: loopback, port },
      (connection) =>
        connection.listen({
          onBytes: () => void connection.end(Uint8Array.of(7)),
          onGone: () => undefined,
        }),
      quiet,
    )
    const got = await new Promise<Buffer>((resolve, reject) => {
      const client = net.connect(port, '127.0.0.1', () => client.write(Buffer.alloc(200_000)))
      client.once('data', resolve)
      client.on('error', reject)
    })
    server.close()
    expect([...got]).toEqual([7])
  })

  it('connects, and hears what came before it listened', async () => {
    const server = net.createServer((socket) => socket.end('early'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const connection = await TcpConnection.connect({ bytes: loopback, port }, patienceMs)
    await new Promise((resolve) => setImmediate(resolve))
    const heard = await new Promise<string>((resolve) => {
      let text = ''
      connection.listen({
        onBytes: (bytes) => {
          text += Buffer.from(bytes).toString()
          return undefined
        },
        onGone: () => resolve(text),
      })
    })
    server.close()
    expect(heard).toBe('early')
    expect(connection.isDestroyed).toBe(true)
  })

  it('hears what follows at once where more was asked for, and sends two parts as one', async () => {
    const [one, other] = TcpConnection.pair()
    const heard: string[] = []
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
    other.send(Buffer.from('first'))
    one.listen({
      onBytes: (bytes) => {
        heard.push(text(bytes))
        if (heard.length === 1) other.send(Buffer.from('second, '), Buffer.from('and its rest'))
        return heard.length === 1 ? 'more' : undefined
      },
      onGone: () => undefined,
    })
    expect(heard).toEqual(['first', 'second, and its rest'])
    const long = Buffer.alloc(300_000, 'x')
    let size = 0
    await new Promise<void>((resolve) => {
      one.send(Buffer.from('-'), long)
      other.listen({
        onBytes: (bytes) => {
          size += bytes.byteLength
          if (size === long.byteLength + 1) resolve()
          return undefined
        },
        onGone: () => undefined,
      })
    })
    one.destroy()
    other.destroy()
    expect(size).toBe(300_001)
  })

  it('says why it cannot connect or listen', async () => {
    const port = await freePort()
    await expect(TcpConnection.connect({ bytes: loopback, port }, patienceMs)).rejects.toMatchObject({ errno: 111 })
    const server = new TcpServer({ bytes: loopback, port }, () => undefined, quiet)
    expect(server.port).toBe(port)
    expect(() => new TcpServer({ bytes: loopback, port }, () => undefined, quiet)).toThrow(
      `bind to port ${port}: address already in use (EADDRINUSE)`,
    )
    server.close()
  })
})
