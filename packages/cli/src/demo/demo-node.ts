import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { killProcessesOf, processesOf } from './node-processes.ts'

/** One node of the demonstration: a folder that is its root, and an address of its own on the loopback. */
export type DemoNode = {
  readonly name: string
  /** Node id in the ring, from 1. */
  readonly id: number
  readonly address: string
  /** QUORATE_ROOT of its processes. */
  readonly root: string
}

/** The nodes n1, n2 … below a folder, on 127.0.0.1, .2 … */
export function demoNodes(folder: string, count: number): readonly DemoNode[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `n${index + 1}`,
    id: index + 1,
    address: `127.0.0.${index + 1}`,
    root: path.join(folder, `n${index + 1}`),
  }))
}

/** Milliseconds without the token after which a node of the demonstration is suspected. */
const tokenMs = 1000

/** corosync.conf(5) for a ring over udpu of these nodes. The port keeps clear of a real corosync's 5405. */
export function corosyncConf(nodes: readonly DemoNode[], port: number): string {
  const members = nodes.map(
    (node) => `    node {
        name: ${node.name}
        nodeid: ${node.id}
        ring0_addr: ${node.address}
    }`,
  )
  return `totem {
    version: 2
    cluster_name: demo
    transport: udpu
    token: ${tokenMs}
    crypto_cipher: none
    crypto_hash: none
    interface {
        ringnumber: 0
        mcastport: ${port}
    }
}
nodelist {
${members.join('\n')}
}
quorum {
    provider: corosync_votequorum
}
logging {
    to_stderr: no
    to_logfile: yes
    logfile: /var/log/corosync.log
    timestamp: hires
}
system {
    sched_rr: no
}
`
}

/** Empties the node's folder and writes its corosync.conf: a machine that has never been in a cluster. */
export function installNode(node: DemoNode, nodes: readonly DemoNode[], port: number): void {
  fs.rmSync(node.root, { recursive: true, force: true })
  for (const folder of ['etc/corosync', 'var/lib/corosync', 'var/lib/pacemaker/cib', 'var/log', 'run']) {
    fs.mkdirSync(path.join(node.root, folder), { recursive: true, mode: 0o700 })
  }
  fs.writeFileSync(path.join(node.root, 'etc/hostname'), `${node.name}\n`)
  fs.writeFileSync(path.join(node.root, 'etc/corosync/corosync.conf'), corosyncConf(nodes, port))
}

/** Environment in which programs find this node instead of the machine's own cluster. */
export function nodeEnvironment(node: DemoNode): NodeJS.ProcessEnv {
  return { ...process.env, QUORATE_ROOT: node.root }
}

/** Starts both daemons of a node. They outlive this process: a node that is powered on stays on. */
export function powerOn(node: DemoNode, program: string): readonly ChildProcess[] {
  return [startDaemon(node, program, 'corosync'), startDaemon(node, program, 'pacemakerd')]
}

/** SIGKILL to everything that runs on the node, daemons and services alike, as when the cord is pulled. */
export function powerOff(node: DemoNode): void {
  killProcessesOf(node.root, 'SIGKILL')
}

/** Whether any process runs on the node. */
export function isOn(node: DemoNode): boolean {
  return processesOf(node.root).length > 0
}

function startDaemon(node: DemoNode, program: string, daemon: string): ChildProcess {
  const output = fs.openSync(path.join(node.root, 'var/log', `${daemon}.output`), 'a', 0o600)
  try {
    const child = spawn(process.execPath, [program, daemon, '-f'], {
      env: nodeEnvironment(node),
      stdio: ['ignore', output, output],
      detached: true,
    })
    child.unref()
    return child
  } finally {
    fs.closeSync(output)
  }
}
