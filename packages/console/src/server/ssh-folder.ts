import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { hostPath } from '@quorate/qb/host-root'
import { type KnownHostLine, knownHostLines } from '../remote/known-hosts.ts'
import { type SshFiles, sshConfigText } from '../remote/ssh-arguments.ts'
import { runtimeFolder } from './token-file.ts'

const prefix = 'console-ssh-'

/**
 * Files that ssh is told of, in a folder that only this user can look into and that is gone with the console. The one file
 * that stays is that of the host keys which somebody asked to keep.
 */
export class SshFolder {
  readonly files: SshFiles
  readonly #folder: string
  readonly #saved: string
  #pending = 0

  /** @param saved file of the host keys that are kept; left out: the console's own */
  constructor(saved: string = savedKnownHosts()) {
    const place = runtimeFolder()
    fs.mkdirSync(place, { recursive: true, mode: 0o700 })
    dropStale(place)
    this.#folder = fs.mkdtempSync(path.join(place, `${prefix}${process.pid}-`))
    this.#saved = saved
    const ssh = path.join(os.homedir(), '.ssh')
    const config = path.join(this.#folder, 'ssh_config')
    fs.writeFileSync(config, sshConfigText(path.join(ssh, 'config')), { mode: 0o600 })
    const users = ['known_hosts', 'known_hosts2'].map((name) => path.join(ssh, name))
    this.files = { config, knownHosts: [this.#session, saved, ...users] }
  }

  get #session(): string {
    return path.join(this.#folder, 'known_hosts')
  }

  /** A name in the folder that nothing has yet. */
  pendingFile(): string {
    this.#pending += 1
    return path.join(this.#folder, `pending-${this.#pending}`)
  }

  /** The keys that ssh has written to a file, which is then gone. */
  takeKeys(file: string): readonly KnownHostLine[] {
    if (!fs.existsSync(file)) return []
    const text = fs.readFileSync(file, 'utf8')
    fs.rmSync(file)
    return knownHostLines(text, (key) => createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64'))
  }

  /** Has ssh take a key for a host's own from now on. */
  accept({ line }: KnownHostLine, isSaved: boolean): void {
    const file = isSaved ? this.#saved : this.#session
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    fs.appendFileSync(file, `${line}\n`, { mode: 0o600 })
  }

  close(): void {
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Where keys are kept: of the machine for root, else of the user. */
function savedKnownHosts(): string {
  if (process.getuid?.() === 0 || process.env['QUORATE_ROOT']) return hostPath('/var/lib/quorate/known_hosts')
  const state = process.env['XDG_STATE_HOME'] ?? path.join(os.homedir(), '.local/state')
  return path.join(state, 'quorate/known_hosts')
}

/** Takes away the folders of consoles that were killed. */
function dropStale(place: string): void {
  for (const name of fs.readdirSync(place)) {
    const pid = new RegExp(`^${prefix}(\\d+)-\\w+$`).exec(name)?.[1]
    const folder = path.join(place, name)
    if (pid === undefined || isAlive(Number(pid)) || fs.lstatSync(folder).uid !== process.getuid?.()) continue
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
