import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Starts this project's tools from the built modules. */
const program = fileURLToPath(new URL('../../cli/bin/quorate.js', import.meta.url))
/** A daemon that does not get to run for so long is lost to its ring, and fenced where there is fencing. */
const tokenMs = 3000
/** Clear of a real corosync's 5405 and of ports that the kernel hands out; each process has two of its own. */
const ringPorts = { first: 20_000, count: 2500 }
/** Between two looks for processes that are still there, ms. */
const lookMs = 10
/** How much of the end of a file of a node is told. */
const storyChars = 2000

/** What a cluster of this project's daemons is made of. */
export type OwnClusterSettings = {
  /** Names of its nodes; the first listens on 127.0.0.1, the second on 127.0.0.2 and so on. */
  readonly names: readonly string[]
  /** The CIB that every node begins with. */
  readonly cib: string
  /** Scripts by their path below the root of a node, as `usr/lib/ocf/resource.d/test/flag`. */
  readonly scripts: Readonly<Record<string, string>>
  /** More for the environment of what is started. */
  readonly env?: (folder: string) => Readonly<Record<string, string>>
}

/**
 * Nodes of this project's daemons on this machine, each below a root of its own, without being root: a ring over the
 * loopback interface. For tests that need no real peers.
 */
export class OwnCluster {
  /** Holds a folder for each node, its root. */
  readonly folder: string
  readonly #settings: OwnClusterSettings
  readonly #daemons = new Map<string, ChildProcess>()
  readonly #others: ChildProcess[] = []

  constructor(settings: OwnClusterSettings) {
    this.#settings = settings
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-own-'))
    const corosyncConf = corosyncConfOf(settings.names)
    for (const name of settings.names) {
      for (const part of ['etc/corosync', 'var/lib/corosync', 'var/lib/pacemaker/cib', 'var/log', 'run']) {
        fs.mkdirSync(this.path(name, part), { recursive: true, mode: 0o700 })
      }
      for (const [file, text] of Object.entries(settings.scripts)) {
        fs.mkdirSync(path.dirname(this.path(name, file)), { recursive: true })
        fs.writeFileSync(this.path(name, file), text, { mode: 0o755 })
      }
      fs.writeFileSync(this.path(name, 'etc/hostname'), `${name}\n`)
      fs.writeFileSync(this.path(name, 'etc/corosync/corosync.conf'), corosyncConf)
    }
    this.configure(settings.cib)
  }

  /** A path below a node's root. */
  path(name: string, file: string): string {
    return path.join(this.folder, name, file)
  }

  /** Has every node begin with another CIB; before they are started. */
  configure(cib: string): void {
    for (const name of this.#settings.names) {
      fs.writeFileSync(this.path(name, 'var/lib/pacemaker/cib/cib.xml'), cib)
    }
  }

  /** Starts a daemon on a node; what it says is in a file of the node, and its process in `TOOL.pid`. */
  start(name: string, tool: 'corosync' | 'pacemakerd'): ChildProcess {
    const output = fs.openSync(this.path(name, `${tool}.out`), 'a')
    const child = spawn(process.execPath, [program, tool, '-f'], {
      env: this.#env(name),
      stdio: ['ignore', output, output],
    })
    fs.closeSync(output)
    fs.writeFileSync(this.path(name, `${tool}.pid`), `${child.pid}\n`)
    this.#daemons.set(`${name}/${tool}`, child)
    return child
  }

  /** Starts all daemons of all nodes. */
  startAll(): void {
    for (const tool of ['corosync', 'pacemakerd'] as const) {
      for (const name of this.#settings.names) this.start(name, tool)
    }
  }

  /** Starts Node on a node with a script and words of its own; `tool` starts one of this project's. */
  spawn(
    name: string,
    what: { readonly tool: string } | { readonly script: string; readonly env?: Readonly<Record<string, string>> },
    ...argv: string[]
  ) {
    const words = 'tool' in what ? [program, what.tool] : [what.script, program]
    const child = spawn(process.execPath, [...words, ...argv], {
      env: { ...this.#env(name), ...('script' in what ? what.env : {}) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#others.push(child)
    return child
  }

  /** A daemon that was started last under that name. */
  daemon(name: string, tool: 'corosync' | 'pacemakerd'): ChildProcess | undefined {
    return this.#daemons.get(`${name}/${tool}`)
  }

  /** What a node's daemons said last, for the message of a test that fails. */
  story(name: string): string {
    const files = ['corosync.out', 'pacemakerd.out', 'var/log/corosync.log', 'var/log/pacemaker/pacemaker.log']
    return files
      .map((file) => this.path(name, file))
      .filter((file) => fs.existsSync(file))
      .map((file) => `== ${file}\n${fs.readFileSync(file, 'utf8').slice(-storyChars)}`)
      .join('\n')
  }

  /** The same of all nodes. */
  stories(): string {
    return this.#settings.names.map((name) => this.story(name)).join('\n')
  }

  /** Ends all that was started, and takes the folder away once nothing can write there any more. */
  async end(): Promise<void> {
    const children = [...this.#others.splice(0), ...this.#daemons.values()]
    this.#daemons.clear()
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }),
    )
    for (let left = this.#left(); left.length > 0; left = this.#left()) {
      for (const pid of left) killProcess(pid)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
    fs.rmSync(this.folder, { recursive: true, force: true })
  }

  /** What is left of what was started on the nodes: agents are in no daemon's process group, and live on without theirs. */
  #left(): readonly number[] {
    const mark = `QUORATE_ROOT=${this.folder}/`
    const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.map(Number).filter((pid) => environmentOf(pid).some((word) => word.startsWith(mark)))
  }

  #env(name: string): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#settings.env?.(this.folder), QUORATE_ROOT: path.join(this.folder, name) }
  }
}

/** Words of the environment that a process was started with; none where it is gone. */
function environmentOf(pid: number): readonly string[] {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    return []
  }
}

/** That a process is gone meanwhile does not matter. */
function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function corosyncConfOf(names: readonly string[]): string {
  const nodes = names.map(
    (name, i) => `  node {\n    name: ${name}\n    nodeid: ${i + 1}\n    ring0_addr: 127.0.0.${i + 1}\n  }`,
  )
  return `totem {
  version: 2
  cluster_name: test
  transport: udpu
  token: ${tokenMs}
  crypto_cipher: none
  crypto_hash: none
  interface {
    ringnumber: 0
    mcastport: ${ringPorts.first + 2 * (process.pid % ringPorts.count)}
  }
}
nodelist {
${nodes.join('\n')}
}
quorum {
  provider: corosync_votequorum
}
logging {
  to_stderr: no
  to_logfile: yes
  logfile: /var/log/corosync.log
}
system {
  sched_rr: no
}
`
}
