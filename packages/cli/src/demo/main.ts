import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Tool } from '../tool.ts'
import { DemoCluster } from './demo-cluster.ts'
import { defaultFolder, dropFolder, readRecord, takeFolder } from './demo-folder.ts'
import { showStatus } from './run-live.ts'
import { bringUp, runOnce } from './run-once.ts'
import { Stopwatch } from './stopwatch.ts'

const usage = `Usage: quorate demo [--once] [--dir DIR] [--keep]
       quorate demo power-off|power-on NODE
       quorate demo cut NODE...
       quorate demo heal
       quorate demo run NODE TOOL [ARGUMENTS]

Three nodes on this machine keep a service alive: each a corosync and a pacemakerd of their own, on 127.0.0.1, .2, .3,
with the configuration of examples/web/cib.xml. Needs no root.

Without a command, starts them and shows their status until Ctrl-C. The commands act on a demonstration that runs.

Options:
  --once     without a person: up, power off the node of the web server, cut a node off, heal, stop; exit 0 if all of it
             happened
  --json     with --once: the times in milliseconds as a line of JSON at the end
  --dir DIR  where the nodes keep their files (default: ${defaultFolder()})
  --keep     leave the files there afterwards (they are also left when something fails)
  --help     this text

Examples:
  npm start
  npm start -- --once
  npx quorate demo power-off n1
  npx quorate demo run n2 crm_standby -v on
`

const nodeCount = 3

/** The demonstration: `npm start`. Exit 0 done, 1 something did not happen, 64 usage. */
export const run: Tool = async (argv) => {
  const at = argv.findIndex((word) => !word.startsWith('-'))
  const command = at < 0 || argv[at - 1] === '--dir' ? undefined : argv[at]
  if (command === 'run') return runTool(argv.slice(at + 1), defaultFolder())
  const parsed = parseOptions(argv)
  if (typeof parsed === 'string') {
    process.stderr.write(`demo: ${parsed}\n`)
    return 64
  }
  const { values, positionals } = parsed
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const folder = path.resolve(values.dir)
  if (positionals.length > 0) return act(folder, positionals)
  return demonstrate(folder, values)
}

type Options = {
  readonly once: boolean
  readonly json: boolean
  readonly keep: boolean
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        dir: { type: 'string', default: defaultFolder() },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    return (error as Error).message
  }
}

/** Path of this program and of the product's examples, wherever it was started from. */
function programFile(): string {
  return fs.realpathSync(process.argv[1] ?? '')
}

function exampleFile(): string {
  return path.resolve(path.dirname(programFile()), '../../../examples/web/cib.xml')
}

async function demonstrate(folder: string, { once, json, keep }: Options): Promise<number> {
  const other = takeFolder(folder, nodeCount)
  if (other !== undefined) {
    process.stderr.write(
      `demo: another demonstration runs in ${folder} (process ${other}); --dir names another folder\n`,
    )
    return 1
  }
  const cluster = new DemoCluster(folder, nodeCount, programFile())
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
  let failed = false
  try {
    if (once) {
      const times = await runOnce(cluster, exampleFile(), stop.signal)
      if (json) process.stdout.write(`${JSON.stringify(times)}\n`)
    } else {
      await live(cluster, stop.signal)
    }
  } catch (error) {
    failed = !stop.signal.aborted
    if (failed) process.stderr.write(`demo: ${(error as Error).message}\ndemo: logs are in ${folder}/n*/var/log\n`)
  } finally {
    cluster.kill()
    if (!keep && !failed) dropFolder(folder)
  }
  return failed || (once && stop.signal.aborted) ? 1 : 0
}

async function live(cluster: DemoCluster, signal: AbortSignal): Promise<void> {
  const watch = new Stopwatch()
  cluster.start()
  watch.step(`started corosync and pacemakerd on ${cluster.nodes.map((node) => node.name).join(', ')}`)
  try {
    await bringUp(cluster, exampleFile(), watch, signal)
    await showStatus(cluster, signal)
  } finally {
    process.stdout.write('\nstopping ...\n')
    await cluster.stop()
    process.stdout.write('stopped\n')
  }
}

function clusterOf(folder: string): DemoCluster | undefined {
  const record = readRecord(folder)
  if (record !== undefined) return new DemoCluster(folder, record.nodeCount, programFile())
  process.stderr.write(`demo: no demonstration runs in ${folder}; 'npm start' starts one\n`)
  return undefined
}

async function act(folder: string, [command, ...names]: readonly string[]): Promise<number> {
  const cluster = clusterOf(folder)
  if (cluster === undefined) return 1
  const [name] = names
  try {
    if (command === 'heal') await cluster.heal()
    else if (name === undefined) throw new Error(`'${command}' wants the name of a node`)
    else if (command === 'power-off') cluster.powerOff(name)
    else if (command === 'power-on') cluster.powerOn(name)
    else if (command === 'cut') await cluster.cut(names)
    else throw new Error(`no command '${command}'; 'quorate demo --help' lists them`)
    return 0
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n`)
    return 1
  }
}

async function runTool([name, ...argv]: readonly string[], folder: string): Promise<number> {
  const cluster = clusterOf(folder)
  if (cluster === undefined) return 1
  if (name === undefined || argv.length === 0) {
    process.stderr.write("demo: 'run' wants a node and a tool\n")
    return 64
  }
  const { code, output, errors } = await cluster.run(cluster.node(name), argv)
  process.stdout.write(output)
  process.stderr.write(errors)
  return code
}
