import fs from 'node:fs'
import path from 'node:path'
import type { ClusterStatus } from '@quorate/scheduler'
import { child, parseXml, writeXml, xmlErrorText } from '@quorate/xml'
import { clusterSeenFrom, dcOf, isSettled, nodeOf, onlineOf } from './cluster-view.ts'
import type { DemoCluster } from './demo-cluster.ts'
import type { DemoNode } from './demo-node.ts'
import { Stopwatch } from './stopwatch.ts'
import { until } from './until.ts'
import { answeringNode } from './web-answer.ts'

/** Where the web server of examples/web/cib.xml answers. */
export const webHost = '127.0.0.10'
export const webPort = 8080

/** Longest wait for any one step, ms. A step that takes this long has failed. */
const stepWithinMs = 60_000

/** Figures of one run, ms: what a benchmark compares. */
export type OnceTimes = {
  /** From the start of the last process to a DC and all resources started. */
  readonly upMs: number
  /** From the SIGKILL to the service's answer from another node. */
  readonly failoverMs: number
  /** From the cut until nothing runs on the lone node. */
  readonly loneStopMs: number
}

/**
 * The demonstration without a person: up, a node lost, a node cut off, healed, stopped. Prints a line for each step
 * with its time.
 *
 * @param cibFile configuration to load
 * @throws NotInTime, or Error naming what did not happen
 */
export async function runOnce(cluster: DemoCluster, cibFile: string, signal: AbortSignal): Promise<OnceTimes> {
  const watch = new Stopwatch()
  const names = cluster.nodes.map((node) => node.name)
  const settled = (from: readonly string[], count: number) => settledCluster(cluster, from, count, signal)

  cluster.start()
  watch.step(`started corosync and pacemakerd on ${names.join(', ')}`)
  const upMs = await bringUp(cluster, cibFile, watch, signal)

  const first = await webAnswersFrom(names, signal)
  watch.step(`the web server answers from ${first}`)
  const killedAt = Stopwatch.now()
  cluster.powerOff(first)
  const rest = names.filter((name) => name !== first)
  const second = await webAnswersFrom(rest, signal)
  const failoverMs = watch.step(`${first} lost its power: the web server answers from ${second}`, killedAt)

  cluster.powerOn(first)
  await settled(rest, names.length)
  watch.step(`${first} is back: ${names.length} nodes online, all resources started`)

  const lone = cluster.node(await webAnswersFrom(names, signal))
  const cutAt = Stopwatch.now()
  await cluster.cut([lone.name])
  await until('the lone node stops its resources', stepWithinMs, () => (runsNothing(lone) ? true : undefined), signal)
  const loneStopMs = watch.step(`${lone.name} cut off from the others: it has stopped its resources`, cutAt)
  const near = names.filter((name) => name !== lone.name)
  const third = await webAnswersFrom(near, signal)
  watch.step(`the web server answers from ${third}`, cutAt)

  await cluster.heal()
  await settled(near, names.length)
  watch.step(`healed: ${names.length} nodes online, all resources started`)

  const killed = await cluster.stop()
  watch.step('stopped')
  if (killed.length > 0) throw new Error(`did not stop and were killed: ${killed.join(', ')}`)
  return { upMs, failoverMs, loneStopMs }
}

/** From the start of the daemons to a cluster that runs the configuration. Answers the milliseconds it took. */
export async function bringUp(
  cluster: DemoCluster,
  cibFile: string,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = Stopwatch.now()
  const names = cluster.nodes.map((node) => node.name)
  const formed = await until(
    'a DC and all nodes online',
    stepWithinMs,
    async () => {
      const status = await clusterSeenFrom(cluster, names)
      return status !== undefined && dcOf(status) !== undefined && onlineOf(status).length === names.length
        ? status
        : undefined
    },
    signal,
  )
  watch.step(`${onlineOf(formed).join(', ')} online, ${dcOf(formed)} is the DC`)
  await loadCib(cluster, cibFile)
  watch.step(`loaded ${path.basename(path.dirname(cibFile))}/${path.basename(cibFile)}`)
  const status = await settledCluster(cluster, names, names.length, signal)
  return watch.step(`all resources started; web on ${nodeOf(status, 'web') ?? 'no node'}`, startedAt)
}

/** Waits until nodes see so many online and everything that can run runs; `from`: whom to ask, the first that answers. */
function settledCluster(
  cluster: DemoCluster,
  from: readonly string[],
  count: number,
  signal: AbortSignal,
): Promise<ClusterStatus> {
  return until(
    `${count} nodes online with all resources started`,
    stepWithinMs,
    async () => {
      const status = await clusterSeenFrom(cluster, from)
      return status !== undefined && onlineOf(status).length === count && isSettled(status) ? status : undefined
    },
    signal,
  )
}

async function loadCib(cluster: DemoCluster, cibFile: string): Promise<void> {
  const [node] = cluster.nodes
  if (node === undefined) throw new Error('no nodes')
  const cib = parseXml(fs.readFileSync(cibFile, 'utf8'))
  if (!cib.ok) throw new Error(xmlErrorText(cib.error, cibFile))
  const configuration = child(cib.value, 'configuration')
  if (configuration === undefined) throw new Error(`${cibFile}: no <configuration>`)
  const argv = ['cibadmin', '--modify', '--allow-create', '--scope', 'configuration', '--xml-pipe']
  const { code, errors } = await cluster.run(node, argv, writeXml(configuration))
  if (code !== 0) throw new Error(`${cibFile} could not be loaded: ${errors.trim()}`)
}

function webAnswersFrom(names: readonly string[], signal: AbortSignal): Promise<string> {
  return until(
    `the web server answers from ${names.join(' or ')}`,
    stepWithinMs,
    async () => {
      const name = await answeringNode(webHost, webPort)
      return name !== undefined && names.includes(name) ? name : undefined
    },
    signal,
  )
}

/** Whether nothing of the agents is left on a node: no server process and no state of a dummy. */
function runsNothing(node: DemoNode): boolean {
  const folder = path.join(node.root, 'run/resource-agents')
  return !fs.existsSync(folder) || fs.readdirSync(folder).length === 0
}
