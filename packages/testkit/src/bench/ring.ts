import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { hasProgram, Lab, type LabSettings, labMissing } from '../lab.ts'

type Side = 'real' | 'ours'
type Transport = LabSettings['transport']
const sides: readonly Side[] = ['real', 'ours']
const nodes = [1, 2, 3]
const transports: readonly string[] = ['udpu', 'knet', 'knet-crypto'] satisfies readonly Transport[]
/** Message sizes of the cpg measurement, bytes. */
const sizes = [64, 1024, 8192]
const sendMs = 2000
/** How long the CPU time of an idle ring is watched, ms. */
const idleMs = 10_000
/** Ticks of /proc/PID/stat in a second. */
const ticksPerSecond = 100

/** Sends as fast as it may for a while, and prints how many of its messages came back in that time. */
const sender = (entry: string): string => `import { connectRing } from ${JSON.stringify(entry)}
const [, , size, ms] = process.argv.map(Number)
let back = 0
let joined
const there = new Promise((resolve) => { joined = resolve })
const cpg = await connectRing().cpg({ deliver: () => { back += 1 }, confchg: () => joined(), onClose: () => process.exit(1) })
await cpg.join('bench-' + size)
await there
const end = performance.now() + ms
const message = Buffer.alloc(size)
while (performance.now() < end) await cpg.mcast(message)
console.log(back)
process.exit(0)
`

/** What was measured of one ring. */
type Run = { readonly name: string; readonly unit: string; readonly value: number }

/**
 * A ring of three: how soon it forms, what it costs at rest, how soon a killed node is dropped, cpg throughput. Over udpu, or
 * with `--transport` over knet, plain or encrypted.
 */
export async function ring(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { reps: { type: 'string', default: '3' }, transport: { type: 'string', default: 'udpu' } },
  })
  if (!transports.includes(values.transport)) {
    process.stderr.write(`ring: --transport ${values.transport}: ${transports.join(', ')} is expected\n`)
    return 64
  }
  const missing = labMissing() ?? (hasProgram('corosync-quorumtool') ? undefined : 'corosync-quorumtool is missing')
  if (missing !== undefined) {
    process.stderr.write(`ring: not run: ${missing}\n`)
    return 1
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-bench-'))
  const script = path.join(folder, 'sender.mjs')
  fs.writeFileSync(script, sender(import.meta.resolve('@quorate/corosync/client')))
  const lab = new Lab('benchring')
  const runs: Record<Side, Run[]> = { real: [], ours: [] }
  try {
    for (let rep = 0; rep < Number(values.reps); rep += 1) {
      for (const side of sides) runs[side].push(...(await measure(lab, side, script, values.transport as Transport)))
    }
  } finally {
    await lab.down()
    fs.rmSync(folder, { recursive: true })
  }
  for (const name of new Set(runs.real.map((run) => run.name))) print(name, runs)
  return 0
}

async function measure(lab: Lab, side: Side, script: string, transport: Transport): Promise<readonly Run[]> {
  await lab.up({ nodes: nodes.length, transport, tokenMs: 1000 })
  await Promise.all(nodes.map((node) => lab.startCorosync(node, side)))
  await lab.waitRing()
  const started = await Promise.all(nodes.map((node) => momentOf(lab, node, 'starting up')))
  const formed = await Promise.all(nodes.map((node) => momentOf(lab, node, 'Members[3]: 1 2 3')))
  const found: Run[] = [
    { name: 'formed after the last start', unit: 'ms', value: Math.max(...formed) - Math.max(...started) },
  ]

  const pid = Number((await lab.must(['pid', '2', 'corosync'])).stdout)
  const before = cpuMs(pid)
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  found.push({ name: 'CPU at rest', unit: '%', value: ((cpuMs(pid) - before) / idleMs) * 100 })
  const rss = /^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  found.push({ name: 'memory', unit: 'MB', value: Number(rss) / 1024 })

  for (const size of sizes) {
    const { stdout } = await lab.must(['exec', '1', process.execPath, script, String(size), String(sendMs)])
    found.push({ name: `cpg, ${size} bytes`, unit: 'msg/s', value: Number(stdout) / (sendMs / 1000) })
  }

  const killed = Date.now()
  await lab.must(['signal', '3', 'corosync', 'KILL'])
  await lab.waitRing()
  found.push({ name: 'dropped after SIGKILL', unit: 'ms', value: (await momentOf(lab, 1, 'Sync left[1]: 3')) - killed })
  return found
}

/** When the node's log says so, ms since the epoch; waits for it. */
async function momentOf(lab: Lab, node: number, text: string): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { stdout } = await lab.exec(node, 'grep', '-F', text, '/var/log/corosync/corosync.log')
    const stamp = /^(\w+ \d+) ([\d:.]+)/.exec(stdout.trim().split('\n').at(-1) ?? '')
    if (stamp !== null) return Date.parse(`${stamp[1]} ${new Date().getFullYear()} ${stamp[2]}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`node${node} never logged '${text}'`)
}

function cpuMs(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

function print(name: string, runs: Readonly<Record<Side, readonly Run[]>>): void {
  const of = (side: Side): readonly Run[] => runs[side].filter((run) => run.name === name)
  const [real, ours] = sides.map((side) => median(of(side).map((run) => run.value))) as [number, number]
  const unit = of('real')[0]?.unit ?? ''
  const shown = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0))
  const ratio = (ours / real).toFixed(2)
  process.stdout.write(`${name}: ours ${shown(ours)}, real ${shown(real)} ${unit}, ratio ${ratio}\n`)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
