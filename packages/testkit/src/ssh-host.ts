import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const daemon = '/usr/sbin/sshd'
/** Between two looks whether it listens, ms. */
const lookMs = 20

/** Why no {@link SshHost} can be started here; undefined where it can. */
export function sshHostLacks(): string | undefined {
  if (!fs.existsSync(daemon)) return 'Debian package openssh-server'
  return fs.existsSync('/usr/bin/ssh') ? undefined : 'Debian package openssh-client'
}

/** Keys of a person who may go in, in a home of its own: `ssh` reads its configuration there where a program tells it to. */
export class SshHome {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-ssh-'))
  readonly authorizedKeys = path.join(this.folder, 'authorized_keys')

  constructor() {
    const ssh = path.join(this.folder, '.ssh')
    fs.mkdirSync(ssh, { mode: 0o700 })
    const key = path.join(ssh, 'id')
    newKey(key)
    fs.copyFileSync(`${key}.pub`, this.authorizedKeys)
    fs.writeFileSync(path.join(ssh, 'config'), `Host *\n  IdentityFile ${key}\n  IdentitiesOnly yes\n`, { mode: 0o600 })
  }

  /** More lines of `known_hosts` of that person. */
  knows(line: string): void {
    fs.appendFileSync(path.join(this.folder, '.ssh/known_hosts'), `${line}\n`)
  }

  /** A host of that person's ssh_config, with what is said of it there. */
  alias(name: string, options: Readonly<Record<string, string | number>>): void {
    const lines = Object.entries(options).map(([option, value]) => `  ${option} ${value}\n`)
    fs.appendFileSync(path.join(this.folder, '.ssh/config'), `Host ${name}\n${lines.join('')}`)
  }

  end(): void {
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What an {@link SshHost} is started with. */
export type SshHostSettings = {
  readonly home: SshHome
  readonly address: string
  /** Environment of what runs there: in place of what sshd would have. */
  readonly env: Readonly<Record<string, string>>
  /** What sshd is started by: the way into a node of a lab. Its port has to be said then. */
  readonly enter?: readonly string[]
  readonly port?: number
  /** File of the keys that are let in; left out: that of {@link home}. */
  readonly authorizedKeys?: string
}

/** A real sshd with keys and a configuration of its own on a loopback address; it lets this very user in. */
export class SshHost {
  readonly address: string
  port = 0
  readonly #settings: SshHostSettings
  readonly #folder: string
  #child: ChildProcess | undefined

  constructor(settings: SshHostSettings) {
    this.#settings = settings
    this.address = settings.address
    this.port = settings.port ?? 0
    this.#folder = fs.mkdtempSync(path.join(settings.home.folder, 'sshd-'))
    this.changeKey()
  }

  /** Listens. @throws Error where it does not */
  async start(): Promise<void> {
    const [program, ...enter] = [...(this.#settings.enter ?? []), daemon]
    // Debian's sshd goes into that folder before anybody is known; as another user than root it does not.
    if (process.getuid?.() === 0 && enter.length === 0) fs.mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    if (this.port === 0) this.port = await freePort(this.address)
    const env = Object.entries(this.#settings.env).map(([name, value]) => `"${name}=${value}"`)
    const file = path.join(this.#folder, 'sshd_config')
    const lines = [
      `ListenAddress ${this.address}`,
      `Port ${this.port}`,
      `HostKey ${this.#key}`,
      `PidFile ${this.#folder}/pid`,
      `AuthorizedKeysFile ${this.#settings.authorizedKeys ?? this.#settings.home.authorizedKeys}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'LogLevel VERBOSE',
      ...(env.length === 0 ? [] : [`SetEnv ${env.join(' ')}`]),
    ]
    fs.writeFileSync(file, `${lines.join('\n')}\n`)
    fs.rmSync(this.#log, { force: true })
    this.#child = spawn(program ?? daemon, [...enter, '-D', '-f', file, '-E', this.#log], { stdio: 'ignore' })
    while (!this.log.includes(`Server listening on ${this.address} port ${this.port}`)) {
      if (this.#child.exitCode !== null) throw new Error(`sshd ended: ${this.log}`)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
  }

  get #key(): string {
    return path.join(this.#folder, 'host_key')
  }

  get #log(): string {
    return path.join(this.#folder, 'log')
  }

  /** What it has written to its log since it was started. */
  get log(): string {
    return fs.existsSync(this.#log) ? fs.readFileSync(this.#log, 'utf8') : ''
  }

  /** `SHA256:...` of its key. */
  get fingerprint(): string {
    return execFileSync('ssh-keygen', ['-l', '-f', `${this.#key}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? ''
  }

  /** The line of `known_hosts` for its key. */
  get knownHostLine(): string {
    const [type, key] = fs.readFileSync(`${this.#key}.pub`, 'utf8').split(' ')
    return `[${this.address}]:${this.port} ${type} ${key}`
  }

  /** Has another key from its next start on. */
  changeKey(): void {
    fs.rmSync(this.#key, { force: true })
    fs.rmSync(`${this.#key}.pub`, { force: true })
    newKey(this.#key)
  }

  /** Ends it, and every connection to it. */
  async end(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null) return
    const gone = once(child, 'exit')
    for (const pid of childrenOf(child.pid ?? 0)) kill(pid)
    child.kill('SIGKILL')
    await gone
  }
}

function newKey(file: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file])
}

/** Processes of connections: they are left alone by sshd's own end. */
function childrenOf(pid: number): readonly number[] {
  try {
    const text = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    const children = text
      .split(' ')
      .map(Number)
      .filter((child) => child > 0)
    return [...children.flatMap(childrenOf), ...children]
  } catch {
    return []
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function freePort(address: string): Promise<number> {
  const server = net.createServer().listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
