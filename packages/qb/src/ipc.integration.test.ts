import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DescriptorWatch, UnixSocket } from './ffi/index.ts'
import { connectIpc, type IpcClient, type IpcClientOptions } from './ipc-client.ts'
import { IpcError } from './ipc-error.ts'
import { encodeConnectionRequest, requestHeader, responseHeader } from './ipc-message.ts'
import { listenIpc } from './ipc-server.ts'
import type { IpcConnection, IpcServer, IpcService } from './ipc-service.ts'

/** For what is sure to come: a loaded machine may take its time. */
const patienceMs = 240_000

let root: string
let server: IpcServer | undefined
const clients: IpcClient[] = []
const connections: IpcConnection[] = []
const closed: IpcConnection[] = []
const troubles: string[] = []

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'qr-'))
  process.env['QUORATE_ROOT'] = root
})

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  server?.close()
  server = undefined
  connections.length = 0
  closed.length = 0
  troubles.length = 0
  expect(leftovers()).toEqual([])
  fs.rmSync(root, { recursive: true })
  delete process.env['QUORATE_ROOT']
})

function leftovers(): readonly string[] {
  return ['dev/shm', 'run'].flatMap((folder) => {
    const whole = path.join(root, folder)
    return fs.existsSync(whole) ? fs.readdirSync(whole) : []
  })
}

/** Answers each request with its payload; id 7 gets no answer. */
function echo(options: Partial<IpcService> = {}): IpcServer {
  server = listenIpc({
    name: 'echo',
    accept: () => 0,
    onConnect: (connection) => connections.push(connection),
    onMessage: (connection, message) => {
      const { id } = requestHeader.decode(message)
      if (id !== 7) connection.respond(responseOf(id, message.subarray(requestHeader.size)))
    },
    onClose: (connection) => closed.push(connection),
    onTrouble: (text) => troubles.push(text),
    ...options,
  })
  return server
}

async function client(options: Partial<IpcClientOptions> = {}): Promise<IpcClient> {
  const made = await connectIpc('echo', { onEvent: () => undefined, onClose: () => undefined, ...options })
  clients.push(made)
  return made
}

function requestOf(id: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(requestHeader.size + payload.byteLength)
  requestHeader.encode(bytes, { id, size: bytes.byteLength })
  bytes.set(payload, requestHeader.size)
  return bytes
}

function responseOf(id: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(responseHeader.size + payload.byteLength)
  responseHeader.encode(bytes, { id, size: bytes.byteLength })
  bytes.set(payload, responseHeader.size)
  return bytes
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof IpcError ? error.code : String(error)),
  )
}

describe.each(['shm', 'socket'] as const)('over %s', (transport) => {
  test('a request gets its answer, and the server knows who asked', async () => {
    echo({ transport })
    const one = await client()
    expect(await one.request(requestOf(1, Uint8Array.of(1, 2, 3)), patienceMs)).toEqual(
      responseOf(1, Uint8Array.of(1, 2, 3)),
    )
    expect(connections[0]?.credentials).toEqual({
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    })
    expect(one.server.pid).toBe(process.pid)
  })

  test('many requests at once are answered each with its own', async () => {
    echo({ transport })
    const one = await client()
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => one.request(requestOf(2, Uint8Array.of(i & 255, i >> 8)), patienceMs)),
    )
    answers.forEach((answer, i) => void expect(answer.subarray(24)).toEqual(Uint8Array.of(i & 255, i >> 8)))
  })

  test('messages without an answer arrive in order before the next request', async () => {
    const seen: number[] = []
    echo({
      transport,
      onMessage: (connection, message) => {
        const { id } = requestHeader.decode(message)
        seen.push(id === 7 ? (message[16] ?? -1) : -id)
        if (id !== 7) connection.respond(responseOf(id))
      },
    })
    const one = await client()
    for (let i = 0; i < 100; i += 1) void one.send(requestOf(7, Uint8Array.of(i)), patienceMs)
    await one.request(requestOf(1), patienceMs)
    expect(seen).toEqual([...Array.from({ length: 100 }, (_, i) => i), -1])
  })

  test('events come in order, more than the ring and the socket hold', async () => {
    echo({ transport })
    const seen: number[] = []
    await client({
      onEvent: (message) => seen.push(new DataView(message.buffer, message.byteOffset).getUint32(24, true)),
    })
    for (let i = 0; i < 5000; i += 1) {
      const payload = new Uint8Array(200)
      new DataView(payload.buffer).setUint32(0, i, true)
      connections[0]?.event(responseOf(9, payload))
    }
    expect(connections[0]?.eventsQueued).toBeGreaterThan(0)
    await until(() => seen.length === 5000)
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => i))
    expect(connections[0]?.eventsQueued).toBe(0)
  })

  test('flow control holds requests back until it is lifted, or until their time is over', async () => {
    echo({ transport })
    const one = await client()
    connections[0]?.setFlowControl(1)
    expect(await codeOf(one.request(requestOf(1), 20))).toBe('IPC_BUSY')
    const held = one.request(requestOf(1), patienceMs)
    connections[0]?.setFlowControl(0)
    expect(await held).toEqual(responseOf(1))
    connections[0]?.setFlowControl(2)
    expect(await one.request(requestOf(1), patienceMs)).toEqual(responseOf(1))
    const cpg = await client({ flowControlMax: 2 })
    connections[1]?.setFlowControl(2)
    expect(await codeOf(cpg.send(requestOf(7), 20))).toBe('IPC_BUSY')
  })

  test('an answer that does not come ends the connection', async () => {
    echo({ transport })
    const told: string[] = []
    const one = await client({ onClose: (error) => told.push(error.message) })
    expect(await codeOf(one.request(requestOf(7), 30))).toBe('IPC_TIMEOUT')
    expect(told).toEqual(['echo: no answer in time'])
    expect(await codeOf(one.request(requestOf(1), 30))).toBe('IPC_CLOSED')
  })

  test('a client that closes is told of once, and its files are gone', async () => {
    echo({ transport })
    const one = await client()
    one.close()
    await until(() => closed.length === 1)
    expect(closed).toEqual(connections)
    expect(fs.readdirSync(path.join(root, 'dev/shm'))).toEqual([])
  })

  test('what a client sent before it closed is still served', async () => {
    const seen: number[] = []
    echo({ transport, onMessage: (_, message) => seen.push(message[16] ?? -1) })
    const one = await client()
    for (let i = 0; i < 20; i += 1) void one.send(requestOf(7, Uint8Array.of(i)), patienceMs)
    await one.send(requestOf(7, Uint8Array.of(20)), patienceMs)
    one.close()
    await until(() => closed.length === 1)
    expect(seen).toEqual(Array.from({ length: 21 }, (_, i) => i))
  })

  test('a server that closes tells its clients, and they may come again', async () => {
    echo({ transport })
    const told: string[] = []
    const one = await client({ onClose: (error) => told.push(error.message) })
    const pending = one.request(requestOf(7), patienceMs)
    pending.catch(() => undefined)
    server?.close()
    expect(await codeOf(pending)).toBe('IPC_CLOSED')
    expect(told).toEqual(['echo: the server closed the connection'])
    echo({ transport })
    const again = await client()
    expect(await again.request(requestOf(1), patienceMs)).toEqual(responseOf(1))
  })
})

test('messages of nearly 1 MiB go both ways', async () => {
  echo()
  const one = await client({ maxMessageBytes: 1_048_576 })
  const payload = new Uint8Array(1_048_576 - 24).fill(5)
  const answer = await one.request(requestOf(1, payload), patienceMs)
  expect(Buffer.compare(answer, responseOf(1, payload))).toBe(0)
  expect(await codeOf(one.request(requestOf(1, new Uint8Array(1_048_576)), patienceMs))).toBe('IPC_TOO_BIG')
})

test('who is refused learns why', async () => {
  echo({ accept: () => -os.constants.errno.EACCES })
  const refused = await client().catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'IPC_REFUSED', errno: os.constants.errno.EACCES })
  expect(server?.counts()).toMatchObject({ refused: 1, accepted: 0 })
})

test('one client more than the limit is refused', async () => {
  echo({ clientsMax: 2 })
  await client()
  await client()
  expect(await client().catch((error: unknown) => error)).toMatchObject({ errno: os.constants.errno.EMFILE })
  clients[0]?.close()
  await until(() => server?.counts().connections === 1)
  await client()
})

test('nobody listens', async () => {
  expect(await codeOf(client())).toBe('IPC_CONNECT')
})

test('a name in use is refused, one that a dead server left behind is taken over', () => {
  echo()
  expect(() => echo()).toThrow('another server has the name')
  server?.close()
  fs.mkdirSync(path.join(root, 'run'), { recursive: true })
  UnixSocket.listen({ kind: 'file', name: path.join(root, 'run/echo') }, 1).close()
  expect(fs.existsSync(path.join(root, 'run/echo'))).toBe(true)
  echo()
})

test('a root that is too long for a socket address is an error that says so', () => {
  process.env['QUORATE_ROOT'] = path.join(root, 'x'.repeat(100))
  expect(() => echo()).toThrow(/a socket address takes 1 to 107; a shorter QUORATE_ROOT/)
  process.env['QUORATE_ROOT'] = root
})

test('a client that reads no events is dropped at the limit of its queue', async () => {
  echo({ eventsQueuedMax: 10 })
  await client({ onEvent: () => undefined })
  const event = responseOf(9, new Uint8Array(4000))
  for (let i = 0; i < 4 + 10; i += 1) connections[0]?.event(event)
  expect(server?.counts().dropped).toBe(0)
  connections[0]?.event(event)
  await until(() => closed.length === 1)
  expect(server?.counts().dropped).toBe(1)
  expect(troubles[0]).toContain('left 10 events unread')
})

test('an answer that the client has no room for ends its connection, not the server', async () => {
  echo({ onMessage: (connection) => connection.respond(new Uint8Array(20_000)) })
  const one = await client()
  expect(await codeOf(one.request(requestOf(1), patienceMs))).toBe('IPC_CLOSED')
  expect(troubles[0]).toContain('needs an answer of 20000 bytes, its limit is 12328')
})

describe('hostile handshakes are turned away and counted', () => {
  async function say(bytes: Uint8Array): Promise<number> {
    const socket = UnixSocket.connect({ kind: 'file', name: path.join(root, 'run/echo') })
    socket.send(bytes)
    const got = await new Promise<number>((resolve) => {
      const watch = new DescriptorWatch(socket.fd, () => {
        resolve(socket.receive(new Uint8Array(64)))
        watch.close()
      })
      watch.want({ readable: true, writable: false })
    })
    socket.close()
    return got
  }

  test.each([
    ['zeros', new Uint8Array(24)],
    ['another id', encodeConnectionRequest(1000).fill(0, 0, 4)],
    ['a wish for 4 GiB', encodeConnectionRequest(0xffff_ffff)],
  ])('%s', async (_, bytes) => {
    echo()
    expect(await say(bytes)).toBe(0)
    expect(server?.counts()).toMatchObject({ malformed: 1, accepted: 0, connections: 0 })
    const one = await client()
    expect(await one.request(requestOf(1), patienceMs)).toEqual(responseOf(1))
  })

  test('one that says too little runs out of time', async () => {
    echo()
    expect(await say(new Uint8Array(10))).toBe(0)
    expect(server?.counts().malformed).toBe(1)
    expect(troubles[0]).toContain('sent 10 bytes in 2000 ms')
  })
})

test.each([
  ['that says another size', (): Uint8Array => requestOf(1).fill(99, 8, 9)],
  ['without a header', (): Uint8Array => new Uint8Array(4)],
])('a client with a message %s is dropped', async (_, message) => {
  echo()
  const one = await client()
  expect(await codeOf(one.request(message(), patienceMs))).toBe('IPC_CLOSED')
  expect(server?.counts().dropped).toBe(1)
})

test('when a server is killed its client learns of it and removes what it left', async () => {
  const index = new URL('../dist/index.js', import.meta.url).href
  const program = `import { listenIpc } from ${JSON.stringify(index)}
    listenIpc({ name: 'echo', accept: () => 0, onConnect() {}, onMessage() {}, onClose() {} })
    process.stdout.write('up')`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('no standard output')
  await once(child.stdout, 'data')
  let told: (error: Error) => void = () => undefined
  const gone = new Promise<Error>((resolve) => {
    told = resolve
  })
  const one = await client({ onClose: (error) => told(error) })
  const pending = codeOf(one.request(requestOf(7), 60_000))
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect((await gone).message).toBe('echo: the server closed the connection')
  expect(await pending).toBe('IPC_CLOSED')
  await until(() => fs.readdirSync(path.join(root, 'dev/shm')).length === 0)
  fs.rmSync(path.join(root, 'run/echo'))
})
