import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { patienceMs, quorateProgram } from '../lab.ts'
import type { ClientAnswer, ClientCall } from './client-host.ts'

/** Whose program runs: Debian's, or this project's. */
export type Maker = 'real' | 'ours'

/** How a program ended, and what it wrote. */
export type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

/** The address of the lab's one machine on its own network. */
export const labAddress = '10.77.0.1'
/** Guests that the lab defines: UUID, and whether it runs at first. */
export const labGuests = {
  'vm-a': { uuid: '11111111-aaaa-4aaa-8aaa-000000000001', runs: true },
  'vm-b': { uuid: '11111111-aaaa-4aaa-8aaa-000000000002', runs: false },
  'vm-off': { uuid: '11111111-aaaa-4aaa-8aaa-000000000003', runs: false },
} as const

const programs = ['ip', 'nsenter', 'libvirtd', 'virsh', 'socat', 'fence_virtd', 'fence_xvm', 'fence_virt'] as const
const pollMs = 50
/** Built: it is run by node itself. */
const clientHost = fileURLToPath(new URL('../../dist/fence/client-host.js', import.meta.url))

/** Where a program runs: in the lab's network, or in the machine's own. */
type Where = 'lab' | 'machine'

/** What is missing on this machine for the lab, or undefined when all is there. */
export function fenceLabLacks(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = programs.filter((name) => spawnSync('which', [name]).status !== 0)
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`
}

/** A network namespace with multicast, and a private libvirtd whose test driver is the hypervisor. */
export class FenceLab {
  readonly directory: string
  readonly keyFile: string
  readonly otherKeyFile: string
  readonly uri: string
  readonly #namespace: string
  readonly #children: ChildProcess[] = []
  readonly #hypervisor: ChildProcess[] = []
  readonly #clientHosts = new Map<Where, ClientHost>()
  #isClosed = false

  private constructor(directory: string, name: string) {
    this.directory = directory
    this.#namespace = `qf${name}${process.pid}`
    this.keyFile = path.join(directory, 'key')
    this.otherKeyFile = path.join(directory, 'other.key')
    this.uri = `test+unix:///default?socket=${directory}/libvirt-sock`
  }

  /** `name` keeps labs apart that one process has at a time. */
  static async open(name = 'one'): Promise<FenceLab> {
    const lab = new FenceLab(mkdtempSync(path.join(os.tmpdir(), 'qfence')), name)
    writeFileSync(lab.keyFile, randomBytes(4096), { mode: 0o600 })
    writeFileSync(lab.otherKeyFile, randomBytes(4096), { mode: 0o600 })
    try {
      lab.#makeNetwork()
      await lab.#startLibvirt()
      for (const [name, { uuid, runs }] of Object.entries(labGuests)) lab.define(name, uuid, runs)
      return lab
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  /** Ends all that was started, and takes the directory away once nothing can write there any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }),
    )
    spawnSync('ip', ['netns', 'del', this.#namespace])
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Defines a guest with a serial port and a channel, and starts it where asked. */
  define(name: string, uuid: string, runs: boolean): void {
    const file = path.join(this.directory, `${name}.xml`)
    writeFileSync(file, this.#domainXml(name, uuid))
    this.virsh('define', file)
    if (runs) this.virsh('start', name)
  }

  virsh(...argv: readonly string[]): string {
    return execFileSync('virsh', ['-q', '-c', this.uri, ...argv], { encoding: 'utf8' })
  }

  serialSocket(name: string): string {
    return path.join(this.directory, 'lines', `${name}.serial`)
  }

  channelSocket(name: string): string {
    return path.join(this.directory, 'lines', `${name}.channel`)
  }

  /** Starts a program in the lab's network; it is killed with the lab. */
  start(argv: readonly string[], log: string): ChildProcess {
    const [program = '', ...rest] = [...this.#inside, ...argv]
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#children.push(child)
    let text = ''
    const keep = (part: Buffer): void => {
      if (this.#isClosed) return
      text += part.toString()
      writeFileSync(path.join(this.directory, log), text)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    return child
  }

  /**
   * Runs a program to its end in the lab's directory, and in its network or the machine's own.
   *
   * @throws Error that names the program, when it has not ended within {@link patienceMs}: no client waits as long
   */
  run(argv: readonly string[], input = '', where: Where = 'lab'): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const inside = where === 'lab' ? this.#inside : []
      const [program = '', ...rest] = [...inside, ...argv]
      const child = spawn(program, rest, { cwd: this.directory, stdio: ['pipe', 'pipe', 'pipe'] })
      let out = ''
      let err = ''
      child.stdout.on('data', (part: Buffer) => {
        out += part.toString()
      })
      child.stderr.on('data', (part: Buffer) => {
        err += part.toString()
      })
      child.stdin.on('error', () => undefined)
      child.stdin.end(input)
      const limit = setTimeout(() => {
        child.kill('SIGKILL')
        reject(new Error(`did not end within ${patienceMs} ms: ${argv.join(' ')}: ${out}${err}`))
      }, patienceMs)
      child.on('close', (code) => {
        clearTimeout(limit)
        resolve({ code, out, err })
      })
    })
  }

  /** Runs a client of either maker. */
  client(
    maker: Maker,
    name: 'fence_xvm' | 'fence_virt',
    argv: readonly string[],
    input = '',
    where: Where = 'lab',
  ): Promise<Ran> {
    return this.run(
      maker === 'real' ? [name, ...argv] : [process.execPath, quorateProgram, name, ...argv],
      input,
      where,
    )
  }

  /** As {@link client}; all of ours run in one process, at a small part of what a process for each takes. */
  quickClient(
    maker: Maker,
    name: 'fence_xvm' | 'fence_virt',
    argv: readonly string[],
    where: Where = 'lab',
  ): Promise<Ran> {
    if (maker === 'real') return this.client(maker, name, argv, '', where)
    const host = this.#clientHosts.get(where) ?? this.#startClientHost(where)
    return host.run(name, argv)
  }

  #startClientHost(where: Where): ClientHost {
    const [program = '', ...rest] = [...(where === 'lab' ? this.#inside : []), process.execPath, clientHost]
    const child = spawn(program, rest, { cwd: this.directory, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.push(child)
    const host = new ClientHost(child)
    this.#clientHosts.set(where, host)
    return host
  }

  /** Starts a fence_virtd of either maker and waits until `isReady` says so. */
  async daemon(
    maker: Maker,
    conf: string,
    isReady: () => boolean | Promise<boolean>,
    extra: readonly string[] = [],
  ): Promise<LabDaemon> {
    const name = `${maker}-${Math.random().toString(36).slice(2, 8)}`
    const file = path.join(this.directory, `${name}.conf`)
    const pidFile = path.join(this.directory, `${name}.pid`)
    writeFileSync(file, conf, { mode: 0o600 })
    const program = maker === 'real' ? ['fence_virtd'] : [process.execPath, quorateProgram, 'fence_virtd']
    const child = this.start([...program, '-F', '-f', file, '-p', pidFile, ...extra], `${name}.log`)
    const logFile = path.join(this.directory, `${name}.log`)
    const deadline = Date.now() + patienceMs
    while (!(await isReady())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${name} did not start: ${existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''}`)
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
    return new LabDaemon(child, logFile, pidFile)
  }

  /** Runs a module of this repository with node in the lab's network. */
  node(module: string, argv: readonly string[]): Promise<Ran> {
    return this.run([process.execPath, module, ...argv])
  }

  /** Whether something listens on a port in the lab's network. */
  async listens(protocol: 'udp' | 'tcp', port: number): Promise<boolean> {
    const flags = protocol === 'udp' ? '-Hlun' : '-Hltn'
    return (await this.run(['ss', flags, `sport = :${port}`])).out !== ''
  }

  /** What runs a program in the lab's network; unlike `ip netns exec` it mounts nothing for it. */
  get #inside(): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.#namespace}`, '--']
  }

  #makeNetwork(): void {
    execFileSync('ip', ['netns', 'add', this.#namespace])
    const inside = (...argv: readonly string[]): void => {
      execFileSync('ip', ['-n', this.#namespace, ...argv])
    }
    inside('link', 'set', 'lo', 'up')
    inside('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1')
    inside('addr', 'add', `${labAddress}/24`, 'dev', 'v0')
    inside('addr', 'add', 'fd77::1/64', 'dev', 'v0', 'nodad')
    inside('link', 'set', 'v0', 'up')
    inside('link', 'set', 'v1', 'up')
    inside('route', 'add', '224.0.0.0/4', 'dev', 'v0')
  }

  /** Kills libvirtd, runs `meanwhile`, and starts it again: its test driver has forgotten all but its own guest. */
  async restartLibvirt(meanwhile: () => Promise<void>): Promise<void> {
    for (const child of this.#hypervisor.splice(0)) child.kill('SIGKILL')
    rmSync(path.join(this.directory, 'libvirt-sock'), { force: true })
    await meanwhile()
    await this.#startLibvirt()
  }

  async #startLibvirt(): Promise<void> {
    mkdirSync(path.join(this.directory, 'lines'), { recursive: true })
    mkdirSync(path.join(this.directory, 'no-drivers'), { recursive: true })
    const file = path.join(this.directory, 'libvirtd.conf')
    writeFileSync(
      file,
      `unix_sock_dir = "${this.directory}"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\nmax_clients = 500\n`,
    )
    // Drivers of real hypervisors would want users and services that a test machine does not have.
    const env = `LIBVIRT_DRIVER_DIR=${path.join(this.directory, 'no-drivers')}`
    const daemon = this.start(
      ['env', env, 'libvirtd', '-f', file, '-p', path.join(this.directory, 'libvirtd.pid')],
      'libvirtd.log',
    )
    const tries = async (...argv: readonly string[]): Promise<boolean> =>
      (await this.run(['virsh', '-q', '-c', this.uri, ...argv])).code === 0
    // Its socket is there some time before it takes connections, and the watcher tries once only.
    await until(() => tries('list'), 'libvirtd answers')
    // The test driver forgets everything when its last client leaves.
    const watcher = this.start(['virsh', '-c', this.uri, 'event', '--loop', '--event', 'lifecycle'], 'events.log')
    this.#hypervisor.push(daemon, watcher)
    // Only when the watcher is connected does what one client defines live on for the next; that it sees a machine come
    // says so. (That the next client still finds the machine does not: the first one's end may be noticed late.)
    const probe = path.join(this.directory, 'probe.xml')
    writeFileSync(probe, this.#domainXml('probe', '66666666-aaaa-4aaa-8aaa-000000000001'))
    const events = path.join(this.directory, 'events.log')
    const isWatched = (): boolean => existsSync(events) && readFileSync(events, 'utf8').includes("'probe'")
    rmSync(events, { force: true })
    await until(
      async () => (await tries('define', probe)) && (await tries('undefine', 'probe')) && isWatched(),
      'the watcher sees machines',
    )
  }

  #domainXml(name: string, uuid: string): string {
    return `<domain type='test'><name>${name}</name><uuid>${uuid}</uuid><memory>8192</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices>
<serial type='unix'><source mode='bind' path='${this.serialSocket(name)}'/><target port='1'/></serial>
<channel type='unix'><source mode='bind' path='${this.channelSocket(name)}'/>
<target type='guestfwd' address='10.0.2.179' port='1229'/></channel>
</devices></domain>
`
  }
}

/** A process that runs our clients. */
class ClientHost {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(ran: Ran): void; reject(error: Error): void }>()
  #last = 0

  constructor(child: ChildProcess) {
    this.#child = child
    if (child.stdout === null) throw new Error('the process of the clients has no pipe')
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { id, ...ran } = JSON.parse(line) as ClientAnswer
      this.#waiting.get(id)?.resolve(ran)
      this.#waiting.delete(id)
    })
    child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the process of the clients ended with ${code}`))
    })
  }

  run(name: ClientCall['name'], argv: readonly string[]): Promise<Ran> {
    this.#last += 1
    const call: ClientCall = { id: this.#last, name, argv, input: '' }
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`did not end within ${patienceMs} ms: our ${name} ${argv.join(' ')}`)),
        patienceMs,
      )
      const end = <Value>(settle: (value: Value) => void, value: Value): void => {
        clearTimeout(limit)
        settle(value)
      }
      this.#waiting.set(call.id, { resolve: (ran) => end(resolve, ran), reject: (error) => end(reject, error) })
      this.#child.stdin?.write(`${JSON.stringify(call)}\n`)
    })
  }
}

/** A fence_virtd that runs in the lab. */
export class LabDaemon {
  readonly #child: ChildProcess
  readonly #logFile: string
  readonly pidFile: string

  constructor(child: ChildProcess, logFile: string, pidFile: string) {
    this.#child = child
    this.#logFile = logFile
    this.pidFile = pidFile
  }

  get log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : ''
  }

  /**
   * Asks it to end and waits for that. Answers its exit code, null when a signal ended it.
   *
   * @throws Error with its log, when it has not ended within {@link patienceMs}
   */
  stop(): Promise<number | null> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`did not end within ${patienceMs} ms of SIGTERM: ${this.#logFile}: ${this.log}`)),
        patienceMs,
      )
      child.once('exit', (code) => {
        clearTimeout(limit)
        resolve(code)
      })
      child.kill('SIGTERM')
    })
  }
}

/** Waits for something to become true, looking often. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  withinMs = patienceMs,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/**
 * A vmchannel as a hypervisor makes one: a unix socket for the daemon, and a TCP port for the guest, whose connections
 * come and go while the daemon's stays.
 */
export class LabChannel {
  readonly #servers: readonly net.Server[]
  #daemon: net.Socket | undefined
  port = 0

  private constructor(servers: readonly net.Server[]) {
    this.#servers = servers
  }

  get isTaken(): boolean {
    return this.#daemon !== undefined
  }

  static async open(socketPath: string): Promise<LabChannel> {
    rmSync(socketPath, { force: true })
    let guest: net.Socket | undefined
    const host = net.createServer((socket) => {
      channel.#daemon = socket
      socket.on('data', (bytes) => guest?.write(bytes))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        channel.#daemon = undefined
      })
    })
    const inside = net.createServer((socket) => {
      guest = socket
      socket.on('data', (bytes) => channel.#daemon?.write(bytes))
      socket.on('error', () => undefined)
    })
    const channel = new LabChannel([host, inside])
    await new Promise<void>((resolve) => host.listen(socketPath, resolve))
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
    const address = inside.address()
    channel.port = typeof address === 'object' && address !== null ? address.port : 0
    return channel
  }

  close(): void {
    this.#daemon?.destroy()
    for (const server of this.#servers) server.close()
  }
}
