import { readdirSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { FenceLab, fenceLabLacks, type LabDaemon, labAddress, until } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { channelResponseSize, encodeChannelRequest, huntFrame, noFrames } from '../channel-frame.ts'

const lacks = fenceLabLacks()
const guests = Array.from({ length: 50 }, (_, index) => `guest-${index}`)
const uuidOf = (index: number): string => `44444444-aaaa-4aaa-8aaa-${String(index).padStart(12, '0')}`

/** The hypervisor's end of one guest's serial port: listens while the guest runs. */
class GuestSocket {
  readonly #server: net.Server
  #daemon: net.Socket | undefined
  /** Connections that were seen to come. */
  connections = 0

  private constructor(server: net.Server) {
    this.#server = server
  }

  get isServed(): boolean {
    return this.#daemon !== undefined
  }

  static async open(path: string): Promise<GuestSocket> {
    rmSync(path, { force: true })
    const server = net.createServer((socket) => {
      guest.#daemon = socket
      guest.connections += 1
      socket.on('error', () => undefined)
      socket.on('close', () => {
        if (guest.#daemon === socket) guest.#daemon = undefined
      })
    })
    const guest = new GuestSocket(server)
    await new Promise<void>((resolve) => server.listen(path, resolve))
    return guest
  }

  /** What the guest's fence_virt does, without its process. */
  ask(operation: 'status' | 'list', domain: string, sequence: number): Promise<number> {
    const daemon = this.#daemon
    if (daemon === undefined) return Promise.reject(new Error('nobody serves this guest'))
    return new Promise((resolve) => {
      daemon.once('data', (bytes) => {
        const found = huntFrame(noFrames, bytes, channelResponseSize)
        resolve('frame' in found ? (found.frame[4] ?? -1) : -1)
      })
      daemon.write(encodeChannelRequest({ operation, domain, isUuid: false, sequence }))
    })
  }

  close(): void {
    this.#daemon?.destroy()
    this.#server.close()
  }
}

describe.skipIf(lacks !== undefined)(`guests that come and go (${lacks ?? 'all there'})`, () => {
  let lab: FenceLab
  let daemon: LabDaemon
  const sockets: GuestSocket[] = []

  beforeAll(async () => {
    lab = await FenceLab.open()
    for (const [index, name] of guests.entries()) lab.define(name, uuidOf(index), false)
    const conf = `fence_virtd { listener = "serial"; backend = "libvirt"; }
listeners { serial { uri = "${lab.uri}"; path = "${lab.directory}/lines"; } }
backends { libvirt { uri = "${lab.uri}"; } }`
    daemon = await lab.daemon('ours', conf, () => readdirSync(lab.directory).some((name) => name.endsWith('.sock')))
  })
  afterAll(async () => {
    for (const socket of sockets) socket.close()
    await lab.close()
  })

  const all = (command: 'start' | 'destroy', names: readonly string[]): void => {
    const lines = names.map((name) => `${command} ${name}`).join('; ')
    lab.virsh(lines)
  }

  it('50 guests that start after the daemon, at once, are all served', async () => {
    for (const name of guests) sockets.push(await GuestSocket.open(lab.serialSocket(name)))
    all('start', guests)
    await until(() => sockets.every((socket) => socket.isServed), 'every guest is served')
    const answers = await Promise.all(sockets.map((socket, index) => socket.ask('status', `guest-${index}`, index)))
    expect(answers).toEqual(guests.map(() => 0))
  })

  it('guests that go away are forgotten, and come back', async () => {
    const half = guests.filter((_, index) => index % 2 === 0)
    all('destroy', half)
    await until(() => sockets.every((socket, index) => socket.isServed === (index % 2 === 1)), 'half is forgotten')
    const answers = await Promise.all(
      sockets
        .filter((_, index) => index % 2 === 1)
        .map((socket, index) => socket.ask('status', `guest-${index * 2}`, 100 + index)),
    )
    expect(answers).toEqual(half.map(() => 2))
    all('start', half)
    await until(() => sockets.every((socket) => socket.isServed), 'every guest is served again')
  })

  it('nothing is lost when they start and stop in any order', async () => {
    for (let round = 0; round < 5; round += 1) {
      const some = guests.filter((_, index) => (index + round) % 3 === 0)
      all('destroy', some)
      all('start', some)
    }
    // Events come in order: when this one has been dealt with, so have the others.
    lab.define('last', uuidOf(999), true)
    await until(() => daemon.log.includes(`Registered last ${uuidOf(999)}`), 'the last event was dealt with')
    // A connection of an earlier life may not have been seen to end yet: the last one is that of the last registration.
    const registered = (name: string): number => daemon.log.split(`Registered ${name} `).length - 1
    const expected = guests.map(registered)
    await until(
      () => sockets.every((socket, index) => socket.isServed && socket.connections === expected[index]),
      'every guest is served in the end',
    )
    const lists = await Promise.all(sockets.map((socket, index) => socket.ask('list', '', 1000 + index)))
    expect(lists).toEqual(guests.map(() => 253))
    expect(daemon.log).not.toContain('error:')
  })
})

describe.skipIf(lacks !== undefined)(`clients and hypervisors that misbehave (${lacks ?? 'all there'})`, () => {
  let lab: FenceLab

  beforeAll(async () => {
    lab = await FenceLab.open()
  })
  afterAll(() => lab.close())

  const tcp = (port: number, more = ''): string => `fence_virtd { listener = "tcp"; backend = "libvirt"; ${more} }
listeners { tcp { key_file = "${lab.keyFile}"; address = "${labAddress}"; port = "${port}"; } }
backends { libvirt { uri = "${lab.uri}"; } }`

  it('100 silent clients hold nobody up', async () => {
    const daemon = await lab.daemon('ours', tcp(2500), () => lab.listens('tcp', 2500))
    const program = `const net = require('node:net'); let up = 0
for (let i = 0; i < 100; i += 1) net.connect({ host: '${labAddress}', port: 2500 }, () => { up += 1; if (up === 100) console.log('silent') }).on('error', () => {})
setTimeout(() => {}, 600000)`
    const silent = lab.start([process.execPath, '-e', program], 'silent.log')
    await new Promise((resolve) => silent.stdout?.once('data', resolve))
    // Each silent client is borne for seconds: were they waited for one by one, this one would give up long before.
    const argv = ['-T', labAddress, '-p', '2500', '-k', lab.keyFile, '-t', '120', '-o', 'status', '-n', 'vm-a']
    const ran = await lab.client('real', 'fence_virt', argv)
    expect(ran).toMatchObject({ code: 0, out: 'Status: ON\n' })
    silent.kill()
    await daemon.stop()
  })

  it('a source that asks too much is dropped, others are served', async () => {
    const daemon = await lab.daemon('ours', tcp(2501, 'rate_burst = "2"; rate_per_second = "1";'), () =>
      lab.listens('tcp', 2501),
    )
    const argv = ['-T', labAddress, '-p', '2501', '-k', lab.keyFile, '-o', 'monitor']
    // All at once: one after the other they may be slow enough to be allowed.
    const ran = await Promise.all(Array.from({ length: 40 }, () => lab.client('real', 'fence_virt', argv)))
    const codes = ran.map(({ code }) => code)
    expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(2)
    expect(codes).toContain(1)
    await daemon.stop()
  })

  it('several hypervisors are one: the list has the machines of all', async ({ onTestFinished }) => {
    const second = await FenceLab.open('second')
    onTestFinished(() => second.close())
    second.define('vm-z', '55555555-aaaa-4aaa-8aaa-000000000001', true)
    const conf = `fence_virtd { listener = "tcp"; backend = "libvirt"; }
listeners { tcp { key_file = "${lab.keyFile}"; address = "${labAddress}"; port = "2503"; } }
backends { libvirt { uri = "${lab.uri}"; uri1 = "${second.uri}"; } }`
    const daemon = await lab.daemon('ours', conf, () => lab.listens('tcp', 2503))
    const to = ['-T', labAddress, '-p', '2503', '-k', lab.keyFile]
    const list = await lab.client('real', 'fence_virt', [...to, '-o', 'list'])
    expect(list.out.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'test',
      'test',
      'vm-a',
      'vm-a',
      'vm-b',
      'vm-b',
      'vm-off',
      'vm-off',
      'vm-z',
      '',
    ])
    expect((await lab.client('real', 'fence_virt', [...to, '-o', 'off', '-n', 'vm-z'])).code).toBe(0)
    expect(second.virsh('domstate', 'vm-z').trim()).toBe('shut off')
    await daemon.stop()
  })

  for (const [port, operation, state] of [
    [2504, 'off', 'shut off'],
    [2505, 'reboot', 'running'],
  ] as const) {
    it(`what is being carried out when the daemon is told to end is seen through (${operation})`, async () => {
      const daemon = await lab.daemon('ours', tcp(port, 'debug = "1";'), () => lab.listens('tcp', port))
      lab.define('vm-slow', '55555555-aaaa-4aaa-8aaa-000000000009', false)
      lab.virsh('start', 'vm-slow')
      const libvirtd = Number(readFileSync(`${lab.directory}/libvirtd.pid`, 'utf8'))
      process.kill(libvirtd, 'SIGSTOP')
      try {
        const argv = [
          '-T',
          labAddress,
          '-p',
          `${port}`,
          '-k',
          lab.keyFile,
          '-t',
          '240',
          '-o',
          operation,
          '-n',
          'vm-slow',
        ]
        const asked = lab.client('real', 'fence_virt', argv)
        await until(() => daemon.log.includes(`${operation} of 'vm-slow' asked by`), 'the operation has begun')
        const ended = daemon.stop()
        await until(() => daemon.log.includes('shutting down'), 'the daemon was told to end')
        await until(async () => !(await lab.listens('tcp', port)), 'nobody else is let in')
        process.kill(libvirtd, 'SIGCONT')
        expect((await asked).code).toBe(0)
        expect(await ended).toBe(0)
      } finally {
        process.kill(libvirtd, 'SIGCONT')
      }
      expect(lab.virsh('domstate', 'vm-slow').trim()).toBe(state)
      lab.virsh(...(state === 'running' ? ['destroy'] : ['domstate']), 'vm-slow')
      lab.virsh('undefine', 'vm-slow')
    })
  }

  it('libvirtd goes away and comes back: requests fail meanwhile and work again', async () => {
    const daemon = await lab.daemon('ours', tcp(2502), () => lab.listens('tcp', 2502))
    const argv = ['-T', labAddress, '-p', '2502', '-k', lab.keyFile, '-o', 'status', '-n', 'test']
    expect((await lab.client('real', 'fence_virt', argv)).code).toBe(0)
    await lab.restartLibvirt(async () => {
      await until(() => daemon.log.includes('trying again'), 'the daemon notices')
      expect((await lab.client('real', 'fence_virt', argv)).code).toBe(1)
    })
    await until(() => daemon.log.includes('connected again'), 'the daemon is connected again')
    expect((await lab.client('real', 'fence_virt', argv)).code).toBe(0)
    await daemon.stop()
  })
})
