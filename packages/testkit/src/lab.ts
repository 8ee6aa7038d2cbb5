import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ended, type LabOutput } from './program-end.ts'

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

/** How the nodes' corosync.conf is made. */
export type LabSettings = {
  readonly nodes: number
  /** `knet-crypto`: aes256 and sha256. */
  readonly transport: 'udpu' | 'udp' | 'knet' | 'knet-crypto'
  /** Networks that each node is in; with knet a link for each. */
  readonly links?: number
  /** totem.token, ms. */
  readonly tokenMs?: number
  /** More lines of `totem {}` and `quorum {}`, separated by `;`. */
  readonly totem?: string
  readonly quorum?: string
}

/**
 * How long a test waits for what comes about within seconds on a machine that has nothing else to do, ms. Not a measure of
 * speed: a loaded machine may take its time.
 */
export const patienceMs = 240_000

/**
 * What puts a lab before what else this machine does. Its nodes stand for machines of their own: a corosync that does not get
 * to run for as long as its token is lost to its ring, and then the cluster does other things than the test says. (A kernel
 * that shares by session gives each daemon a share of its own anyway.)
 */
const firstOfAll = ['nice', '-n', '-10'] as const

/** Disks that a node has with the files of this machine in them. */
const disksWithFiles: ReadonlySet<string> = new Set(['/etc/ha.d'])

/** Between two looks at what a lab cannot tell by an event, ms. */
const lookMs = 200

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
  #nodes: readonly number[] = []
  #links = 1

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

  async #build({ nodes, transport, links = 1, tokenMs = 1000, totem = '', quorum = '' }: LabSettings): Promise<void> {
    this.#nodes = Array.from({ length: nodes }, (_, index) => index + 1)
    this.#links = links
    await this.run(['down'])
    this.#makeDisks(links)
    await this.must(['up', String(nodes), transport], {
      LAB_LINKS: String(links),
      LAB_TOKEN: String(tokenMs),
      LAB_TOTEM: totem,
      LAB_QUORUM: quorum,
    })
  }

  /**
   * Makes the folders of the nodes' disks, which lab.sh then takes for those of a lab that was there before: by itself it
   * starts three processes for each of some hundred folders.
   */
  #makeDisks(links: number): void {
    const [, disks = ''] = /^DISKS="([^"]*)"/m.exec(fs.readFileSync(this.#script, 'utf8')) ?? []
    const roots = disks.split(/\s+/).filter((disk) => !disksWithFiles.has(disk) && fs.existsSync(disk))
    const below = (folder: string): readonly string[] =>
      fs
        .readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => path.join(entry.parentPath, entry.name))
    const folders = roots
      .flatMap((root) => [root, ...below(root)])
      .map((folder) => [folder, fs.statSync(folder)] as const)
    for (const node of this.#nodes) {
      for (const [folder, { mode, uid, gid }] of folders) {
        const made = path.join(this.folder, `node${node}`, folder)
        fs.mkdirSync(made, { recursive: true })
        fs.chownSync(made, uid, gid)
        fs.chmodSync(made, mode)
      }
    }
    fs.writeFileSync(path.join(this.folder, 'lab.env'), `LAB_N=${this.#nodes.length}\nLAB_LINKS=${links}\n`)
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

  /** Waits until every running corosync sees just the others, and is quorate. @throws Error where that does not come about */
  async waitRing(): Promise<void> {
    await this.#allOf('corosync', async (node, running) => {
      const { status, stdout } = await this.exec(node, 'corosync-quorumtool', '-s')
      const seen = /^Membership information\n[\s\S]*/m.exec(stdout)?.[0].matchAll(/^ *(\d+) /gm) ?? []
      const ids = [...seen].map(([, id]) => Number(id)).sort((a, b) => a - b)
      return status === 0 && ids.join() === running.join()
    })
  }

  /** Waits until every running Pacemaker shows all of them online, with a DC. @throws Error where that does not come about */
  async waitOnline(): Promise<void> {
    await this.#allOf('pacemaker', async (node, running) => {
      const { stdout } = await this.exec(node, 'crm_mon', '-1', '--output-as=xml')
      const online = stdout.match(/<node name=.* online="true" .*pending="false"/g) ?? []
      return stdout.includes('<current_dc present="true"') && online.length === running.length
    })
  }

  /**
   * Waits until the cluster of a node has nothing left to do, and its DC knows that. A resource is located while its start is
   * still pending, and `crm_resource --wait` looks at the CIB only. @throws Error where that does not come about
   */
  async waitIdle(node: number): Promise<void> {
    const end = Date.now() + patienceMs
    for (;;) {
      await this.must(['exec', String(node), 'crm_resource', '--wait', '--timeout', `${patienceMs / 1000}s`])
      const { stdout: dc } = await this.exec(node, 'crmadmin', '-D', '-q')
      const { stdout: state } = await this.exec(node, 'crmadmin', '-S', dc.trim(), '-q')
      if (state.trim() === 'S_IDLE') return
      if (Date.now() > end) throw new Error(`the DC ${dc.trim()} is not idle within ${patienceMs} ms: ${state}`)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
  }

  /** Asks every node on which a daemon runs until each says yes. */
  async #allOf(daemon: string, isThere: (node: number, running: readonly number[]) => Promise<boolean>): Promise<void> {
    const end = Date.now() + patienceMs
    for (;;) {
      const running = this.#nodes.filter((node) => this.isRunning(node, daemon))
      const answers = await Promise.all(running.map((node) => isThere(node, running)))
      if (running.length > 0 && answers.every((answer) => answer)) return
      if (Date.now() > end)
        throw new Error(`not together within ${patienceMs} ms: ${daemon} of nodes ${running.join()}`)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
  }

  /**
   * Runs a command inside a node. As `lab.sh exec` does, without its shell: that takes several times as long as most of the
   * commands that tests run by the hundred.
   */
  async exec(node: number, ...command: readonly string[]): Promise<LabOutput> {
    const [enter, ...into] = this.enter(node)
    if (enter === undefined) return this.#lab(['exec', String(node), ...command])
    return ended(enter, [...into, ...command])
  }

  /** What to put before a command to have it run inside a node; nothing where the node is off. */
  enter(node: number): readonly string[] {
    const init = this.#initOf(node)
    if (init === undefined) return []
    return ['nsenter', '-t', init, '-m', '-u', '-i', '-n', '-p', `--wdns=${process.cwd()}`, '--']
  }

  /** Whether a daemon that was started under a name runs on a node. */
  isRunning(node: number, daemon: string): boolean {
    const init = this.#initOf(node)
    if (init === undefined) return false
    try {
      const file = path.join(this.folder, `node${node}/run-lab/${daemon}.pid`)
      const [pid = '', startTime] = fs.readFileSync(file, 'utf8').trim().split(' ')
      // The node's own /proc: there it has the number that it has in the node.
      const { state, startTime: now } = processState(`/proc/${init}/root/proc/${pid}`)
      return state !== 'Z' && now === startTime
    } catch {
      return false
    }
  }

  /** The number of a node's first process on this machine; undefined where the node is off. */
  #initOf(node: number): string | undefined {
    try {
      const [pid, startTime] = fs
        .readFileSync(path.join(this.folder, `node${node}/init.pid`), 'utf8')
        .trim()
        .split(' ')
      return processState(`/proc/${pid}`).startTime === startTime ? pid : undefined
    } catch {
      return undefined
    }
  }

  /** Any command of lab.sh. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LabOutput> {
    const [name, node = '', ...rest] = args
    if (name === 'exec' && /^\d+$/.test(node)) return this.exec(Number(node), ...rest)
    return this.#lab(args, env)
  }

  #lab(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LabOutput> {
    const [nice, ...most] = firstOfAll
    return ended(nice, [...most, this.#script, ...args], { LAB_NAME: this.#name, LAB_DIR: this.folder, ...env })
  }

  /**
   * As {@link run}. Where lab.sh has given up on what is only slow, that is waited for, and lab.sh goes on: what is there it
   * leaves as it is. It gives a node some five seconds to come up, and a daemon some two. @throws Error where the command fails
   */
  async must(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LabOutput> {
    for (;;) {
      const output = await this.run(args, env)
      if (output.status === 0) return output
      const [, node, daemon] = /node(\d+)(?:: (\S+) did not start| did not boot)/.exec(output.stderr) ?? []
      const isThere = (): boolean =>
        daemon === undefined ? this.#initOf(Number(node)) !== undefined : this.isRunning(Number(node), daemon)
      if (node === undefined || !(await this.#comesAbout(isThere)))
        throw new Error(`lab.sh ${args.join(' ')}: exit ${output.status}\n${output.stdout}${output.stderr}`)
      if (daemon !== undefined) continue
      for (let link = 0; link < this.#links; link += 1) await this.run(['link', node, 'up', String(link)])
    }
  }

  /** Whether something is so, or becomes so in time. */
  async #comesAbout(isSo: () => boolean): Promise<boolean> {
    const end = Date.now() + patienceMs
    while (!isSo()) {
      if (Date.now() > end) return false
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
    return true
  }
}

/** What the kernel tells of a process in its folder below /proc. @throws Error where there is no such process */
function processState(folder: string): { readonly state: string | undefined; readonly startTime: string | undefined } {
  // What follows the program's name, which may have blanks in it: the state is field 3, the start time field 22.
  const fields = fs
    .readFileSync(`${folder}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return { state: fields[0], startTime: fields[22 - 3] }
}

/** Whether a program is on the search path. */
export function hasProgram(name: string): boolean {
  return spawnSync('which', [name], { stdio: 'ignore' }).status === 0
}
