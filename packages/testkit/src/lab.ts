import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * The program that runs any tool of ours by its name: the bundle, as users have it and quicker to start, or the modules
 * where they were built again since the bundle was made.
 */
export const quorateProgram = path.join(repository, 'packages/cli/bin', isBundleNew() ? 'quorate.cjs' : 'quorate.js')

/** Whether no built module of ours is newer than the bundle. */
function isBundleNew(): boolean {
  const bundle = path.join(repository, 'packages/cli/dist/bundle/quorate.cjs')
  if (!fs.existsSync(bundle)) return false
  const madeMs = fs.statSync(bundle).mtimeMs
  const packages = path.join(repository, 'packages')
  return fs.readdirSync(packages).every((name) => {
    const dist = path.join(packages, name, 'dist')
    if (!fs.existsSync(dist)) return true
    const modules = fs.readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
    return modules.every((file) => fs.statSync(path.join(dist, file)).mtimeMs <= madeMs)
  })
}

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

/** Seconds that a real Pacemaker waits for a DC in a lab whose tests are about something else. */
export const dcDeadtimeS = 4

const firstCib = `<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1">
<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="${dcDeadtimeS}s"/>
</cluster_property_set></crm_config><nodes/><resources/><constraints/></configuration><status/></cib>
`

/** Digits of the largest process number, 2^22, to the base 36: names of labs do not run into each other. */
const pidDigits = 5

/** Several nodes on this machine, each in namespaces of its own, with real daemons or ours (shared lab/README.md). */
export class Lab {
  /** Labs of one process are built one after the other: lab.sh gives a node five seconds to come up. */
  static #lastBuilt: Promise<void> = Promise.resolve()
  readonly #name: string
  readonly #script = path.join(sharedFolder(), 'lab/lab.sh')

  /**
   * @param name letters and digits, at most 8. The lab's own name has the process in it too: of two runs side by side neither
   * pulls the cables of the other.
   */
  constructor(name: string) {
    this.#name = `${name}${process.pid.toString(36).padStart(pidDigits, '0')}`
  }

  /** Where the nodes' disks, logs and runtime folders are. */
  get folder(): string {
    return `/tmp/${this.#name}`
  }

  async up(settings: LabSettings): Promise<void> {
    const built = Lab.#lastBuilt.then(() => this.#build(settings))
    Lab.#lastBuilt = built.catch(() => undefined)
    return built
  }

  async #build({ nodes, transport, tokenMs = 1000, totem = '', quorum = '' }: LabSettings): Promise<void> {
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

  /**
   * Has the nodes begin on a CIB by which a real Pacemaker waits for a DC no longer than {@link dcDeadtimeS}: by itself it
   * does so for 20 s before the first election. To be called before Pacemaker is started.
   */
  electSoon(nodes: readonly number[]): void {
    for (const node of nodes) {
      const folder = path.join(this.folder, `node${node}/var/lib/pacemaker/cib`)
      const file = path.join(folder, 'cib.xml')
      fs.writeFileSync(file, firstCib, { mode: 0o600 })
      const { uid, gid } = fs.statSync(folder)
      fs.chownSync(file, uid, gid)
    }
  }

  /** Waits until every running corosync sees the others and is quorate. */
  async waitRing(seconds = 90): Promise<void> {
    await this.must(['wait-ring', String(seconds)])
  }

  /**
   * Runs a command inside a node. As `lab.sh exec` does, without its shell: that takes several times as long as most of the
   * commands that tests run by the hundred.
   */
  async exec(node: number, ...command: readonly string[]): Promise<LabOutput> {
    const init = this.#initOf(node)
    if (init === undefined) return this.run(['exec', String(node), ...command])
    return ended('nsenter', ['-t', init, '-m', '-u', '-i', '-n', '-p', `--wdns=${process.cwd()}`, '--', ...command])
  }

  /** The number of a node's first process on this machine; undefined where the node is off. */
  #initOf(node: number): string | undefined {
    try {
      const [pid, startTime] = fs
        .readFileSync(path.join(this.folder, `node${node}/init.pid`), 'utf8')
        .trim()
        .split(' ')
      // What follows the program's name, which may have blanks in it: the state is field 3, the start time field 22.
      const fields = fs
        .readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return fields[22 - 3] === startTime ? pid : undefined
    } catch {
      return undefined
    }
  }

  /** Any command of lab.sh. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LabOutput> {
    return ended(this.#script, args, { LAB_NAME: this.#name, ...env })
  }

  /** As {@link run}. @throws Error where the command fails */
  async must(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LabOutput> {
    const output = await this.run(args, env)
    if (output.status === 0) return output
    throw new Error(`lab.sh ${args.join(' ')}: exit ${output.status}\n${output.stdout}${output.stderr}`)
  }
}

/** Runs a program to its end. */
function ended(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<LabOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes))
    child.once('error', reject)
    // 'exit', not 'close': daemons that the lab starts may hold the pipes open.
    child.once('exit', (status) => {
      setImmediate(() =>
        resolve({ status: status ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
      )
    })
  })
}

/** Whether a program is on the search path. */
export function hasProgram(name: string): boolean {
  return spawnSync('which', [name], { stdio: 'ignore' }).status === 0
}
