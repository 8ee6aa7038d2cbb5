import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { type DemoNode, demoNodes, installNode, isOn, nodeEnvironment, powerOff, powerOn } from './demo-node.ts'
import { commandOf, isAlive, killProcessesOf, processesOf, signalProcess } from './node-processes.ts'

/** UDP port of the demonstration's ring; a real corosync on the same machine has 5405. */
const ringPort = 5415
/** Milliseconds in which a node that was asked to stop has to be gone. */
const stopWithinMs = 20_000
const lookEveryMs = 50

/** The nodes of one demonstration and what can happen to them. */
export class DemoCluster {
  readonly nodes: readonly DemoNode[]
  /** Path of the `quorate` program. */
  readonly #program: string

  constructor(folder: string, nodeCount: number, program: string) {
    this.nodes = demoNodes(folder, nodeCount)
    this.#program = program
  }

  /** The node of that name. Throws where there is none. */
  node(name: string): DemoNode {
    const found = this.nodes.find((node) => node.name === name)
    if (found === undefined) {
      throw new Error(`no node '${name}'; there are ${this.nodes.map((node) => node.name).join(', ')}`)
    }
    return found
  }

  /** Empties the nodes and starts every daemon. */
  start(): void {
    for (const node of this.nodes) {
      killProcessesOf(node.root, 'SIGKILL')
      installNode(node, this.nodes, ringPort)
    }
    for (const node of this.nodes) powerOn(node, this.#program)
  }

  powerOn(name: string): void {
    const node = this.node(name)
    if (isOn(node)) throw new Error(`${name} is on`)
    powerOn(node, this.#program)
  }

  powerOff(name: string): void {
    const node = this.node(name)
    if (!isOn(node)) throw new Error(`${name} is off`)
    powerOff(node)
  }

  /** Cuts the network between the named nodes and all others. */
  async cut(names: readonly string[]): Promise<void> {
    const far = names.map((name) => this.node(name))
    const near = this.nodes.filter((node) => !far.includes(node))
    await Promise.all([...near.map((node) => this.#setCut(node, far)), ...far.map((node) => this.#setCut(node, near))])
  }

  /** Every node reaches every other one again. */
  async heal(): Promise<void> {
    await Promise.all(this.nodes.map((node) => this.#setCut(node, [])))
  }

  /**
   * Runs one of the tools on a node.
   *
   * @param input for its standard input
   */
  run(
    node: DemoNode,
    argv: readonly string[],
    input = '',
  ): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [this.#program, ...argv], {
        env: nodeEnvironment(node),
        stdio: ['pipe', 'pipe', 'pipe'],
      })
      const output: Buffer[] = []
      const errors: Buffer[] = []
      child.stdout.on('data', (part: Buffer) => output.push(part))
      child.stderr.on('data', (part: Buffer) => errors.push(part))
      child.on('error', reject)
      child.on('close', (code) => {
        resolve({ code: code ?? 1, output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() })
      })
      child.stdin.on('error', () => child.kill())
      child.stdin.end(input)
    })
  }

  /**
   * Stops every node as an administrator would, Pacemaker first, so that services stop in order; kills what is left
   * after {@link stopWithinMs}. Answers which processes had to be killed: `NODE: WORD… (pid N)`.
   */
  async stop(): Promise<readonly string[]> {
    for (const daemon of ['pacemakerd', 'corosync']) {
      const pids = this.nodes.flatMap((node) => daemonsOf(node, daemon))
      for (const pid of pids) signalProcess(pid, 'SIGTERM')
      const end = Date.now() + stopWithinMs
      while (pids.some(isAlive) && Date.now() < end) await delay(lookEveryMs)
    }
    const left = this.nodes.flatMap((node) =>
      processesOf(node.root).map((pid) => `${node.name}: ${commandOf(pid).slice(1).join(' ')} (pid ${pid})`),
    )
    this.kill()
    return left
  }

  /** SIGKILL to everything that runs on any node. */
  kill(): void {
    for (const node of this.nodes) killProcessesOf(node.root, 'SIGKILL')
  }

  async #setCut(node: DemoNode, from: readonly DemoNode[]): Promise<void> {
    if (!isOn(node)) return
    const ids = from.map((other) => other.id).join(' ')
    const { code, errors } = await this.run(node, ['corosync-cmapctl', '-s', 'runtime.quorate.cut', 'str', ids])
    if (code !== 0) throw new Error(`the network of ${node.name} could not be changed: ${errors.trim()}`)
  }
}

function daemonsOf(node: DemoNode, daemon: string): readonly number[] {
  return processesOf(node.root).filter((pid) => commandOf(pid).includes(daemon))
}
