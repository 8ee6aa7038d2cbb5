import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { hostPath } from '@quorate/qb/host-root'
import { type Role, roles } from '../api/index.ts'

/** Tokens of all roles up to one. */
export function newTokens(highest: Role): ReadonlyMap<Role, string> {
  const offered = roles.slice(0, roles.indexOf(highest) + 1)
  return new Map(offered.map((role) => [role, randomBytes(24).toString('base64url')]))
}

/** The folder of files that only this user may read: of the machine where that is possible, else of the user. */
export function runtimeFolder(): string {
  if (process.getuid?.() === 0 || process.env['QUORATE_ROOT']) return hostPath('/run/quorate')
  return process.env['XDG_RUNTIME_DIR'] ?? path.join(os.tmpdir(), `quorate-${process.getuid?.() ?? 'console'}`)
}

/**
 * Keeps the addresses with their tokens in a file that only this user may read, for those who do not see the output.
 *
 * @throws Error where the file cannot be written, or somebody else's is in its place
 */
export function keepTokens(port: number, addresses: ReadonlyMap<Role, string>): string {
  const place = runtimeFolder()
  fs.mkdirSync(place, { recursive: true, mode: 0o700 })
  const file = path.join(place, `console-${port}`)
  fs.rmSync(file, { force: true })
  // Exclusive: what somebody else puts there in between is not written to.
  const text = [...addresses].map(([role, address]) => `${role} ${address}\n`).join('')
  fs.writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  return file
}

/** How long a server of this machine may take to accept a connection, in milliseconds; a busy one is left alone. */
const probeMs = 2000
/** A line of these files, and no other file's: a role, and the address that logs in. */
const lineForm = new RegExp(`^(?:${roles.join('|')}) (http://\\S+)/#token=[\\w-]+$`)
/** More than a file of these can have, in bytes. */
const fileBytesMax = 4096

/**
 * Takes away the files that consoles have left behind which were killed: files of this form at whose address nobody
 * listens any more. A console listens before it writes its file, and takes it away before it stops to listen.
 */
export async function dropStaleTokens(): Promise<void> {
  const place = runtimeFolder()
  if (!fs.existsSync(place)) return
  const files = fs.readdirSync(place).filter((name) => /^console-\d+$/.test(name))
  await Promise.all(
    files.map(async (name) => {
      const file = path.join(place, name)
      const address = addressIn(file)
      if (address !== undefined && (await isRefused(address))) fs.rmSync(file, { force: true })
    }),
  )
}

/** The address that a file of tokens is for; undefined where it is none of ours. */
function addressIn(file: string): URL | undefined {
  const known = fs.lstatSync(file, { throwIfNoEntry: false })
  if (known?.isFile() !== true || known.uid !== process.getuid?.() || known.size > fileBytesMax) return undefined
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n')
  const addresses = lines.map((line) => lineForm.exec(line)?.[1])
  const [first] = addresses
  return first !== undefined && addresses.every((one) => one === first) && URL.canParse(first)
    ? new URL(first)
    : undefined
}

/** Whether the machine says for certain that nobody listens there. */
function isRefused({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = net.connect({ host, port: Number(port === '' ? 80 : port), timeout: probeMs })
    const end = (is: boolean): void => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => end(false))
    socket.once('timeout', () => end(false))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'))
  })
}

/** Takes the file away. */
export function dropTokens(file: string): void {
  fs.rmSync(file, { force: true })
}
