import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** The program that runs any tool of ours by its name. */
export const quorateProgram = path.join(repository, 'packages/cli/bin/quorate.js')

/** The shared facts and test data beside the repository, or where QUORATE_SHARED says. */
export function sharedFolder(): string {
  return process.env['QUORATE_SHARED'] ?? path.join(repository, '../shared')
}

/**
 * Why the lab cannot be used here, or undefined where it can: it needs root, the shared folder and the C programs.
 *
 * @param programs absolute paths that must be there
 */
export function labMissing(programs: readonly string[] = ['/usr/sbin/corosync']): string | undefined {
  if (process.geteuid?.() !== 0) return 'root is needed'
  const script = path.join(sharedFolder(), 'lab/lab.sh')
  for (const file of [script, quorateProgram, ...programs]) {
    if (!fs.existsSync(file)) return `${file} is missing`
  }
  return undefined
}

/** What a command in the lab printed and how it ended. */
export type LabOutput = { readonly status: number; readonly stdout: string; readonly stderr: string }

/** How the nodes' corosync.conf is made. */
export type LabSettings = {
  readonly nodes: number
  readonly transport: 'udpu' | 'udp' | 'knet'
  /** totem.token, ms. */
  readonly tokenMs?: number
  /** More lines of `totem {}` and `quorum {}`, separated by `;`. */
  readonly totem?: string
  readonly quorum?: string
}

/** Several nodes on this machine, each in namespaces of its own, with real daemons or ours (shared lab/README.md). */
export class Lab {
  readonly #name: string
  readonly #script = path.join(sharedFolder(), 'lab/lab.sh')

  /**
   * @param name letters and digits, at most 8. The lab's own name has the process in it too: of two runs side by side neither
   * pulls the cables of the other.
   */
  constructor(name: string) {
    this.#name = `${name}${process.pid.toString(36)}`
  }

  /** Where the nodes' disks, logs and runtime folders are. */
  get folder(): string {
    return `/tmp/${this.#name}`
  }

  async up({ nodes, transport, tokenMs = 1000, totem = '', quorum = '' }: LabSettings): Promise<void> {
    await this.run(['down'])
    await this.must(['up', String(nodes), transport], {
      LAB_TOKEN: String(tokenMs),
      LAB_TOTEM: totem,
      LAB_QUORUM: quorum,
    })
  }

  async down(): Promise<void> {
    await this.run(['down'])
  }

  /** Starts the real corosync, or ours, as the node's corosync. */
  async startCorosync(node: number, whose: 'real' | 'ours'): Promise<void> {
    if (whose === 'real') await this.must(['start-corosync', String(node)])
    else await this.must(['start', String(node), 'corosync', process.execPath, quorateProgram, 'corosync', '-f'])
  }

  /** Waits until every running corosync sees the others and is quorate. */
  async waitRing(seconds = 30): Promise<void> {
    await this.must(['wait-ring', String(seconds)])
  }

  /** Runs a command inside a node. */
  async exec(node: number, ...command: readonly string[]): Promise<LabOutput> {
    return this.run(['exec', String(node), ...command])
  }

  /** Any command of lab.sh. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LabOutput> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#script, [...args], {
        env: { ...process.env, LAB_NAME: this.#name, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const out: Buffer[] = []
      const err: Buffer[] = []
      child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
      child.stderr.on('data', (bytes: Buffer) => err.push(bytes))
      child.once('error', reject)
      // 'exit', not 'close': daemons that the lab starts may hold the pipes open.
      child.once('exit', (status) => {
        setImmediate(() =>
          resolve({
            status: status ?? -1,
            stdout: Buffer.concat(out).toString(),
            stderr: Buffer.concat(err).toString(),
          }),
        )
      })
    })
  }

  /** As {@link run}. @throws Error where the command fails */
  async must(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LabOutput> {
    const output = await this.run(args, env)
    if (output.status === 0) return output
    throw new Error(`lab.sh ${args.join(' ')}: exit ${output.status}\n${output.stdout}${output.stderr}`)
  }
}

/** Whether a program is on the search path. */
export function hasProgram(name: string): boolean {
  return spawnSync('which', [name], { stdio: 'ignore' }).status === 0
}
