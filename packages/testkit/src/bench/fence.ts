import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { FenceLab, fenceLabLacks, type LabDaemon, labAddress, type Maker } from '../fence/fence-lab.ts'
import type { Bench } from './bench.ts'

type Figures = {
  readonly medianMs: number
  readonly p90Ms: number
  readonly maxMs: number
  readonly wholeMs: number
  readonly lost: number
}
type Load = {
  readonly name: string
  /** `program`: over tcp, by Debian's client */
  readonly transport: 'tcp' | 'multicast' | 'program'
  readonly listener: 'tcp' | 'multicast'
  readonly operation: string
  readonly domain: string
  readonly total: number
  readonly atOnce: number
}

const load = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fence-load.js')
const many = 200
const loads: readonly Load[] = [
  oneByOne('tcp monitor', 'tcp', 'monitor', ''),
  oneByOne('tcp status', 'tcp', 'status', 'vm-a'),
  oneByOne('tcp list', 'tcp', 'list', ''),
  oneByOne('tcp off (of one that is off)', 'tcp', 'off', 'vm-off'),
  oneByOne('tcp on (of one that is on)', 'tcp', 'on', 'vm-a'),
  oneByOne('multicast status', 'multicast', 'status', 'vm-a'),
  oneByOne("Debian's fence_virt, monitor", 'program', 'monitor', ''),
  oneByOne("Debian's fence_virt, status", 'program', 'status', 'vm-a'),
  { ...oneByOne('tcp status, 100 at once', 'tcp', 'status', 'vm-a'), total: 100, atOnce: 100 },
  { ...oneByOne('tcp list, 100 at once', 'tcp', 'list', ''), total: 100, atOnce: 100 },
]
/**
 * Requests of each daemon before those that count, for every load alike. The process that asks is one of Node's: before
 * it has run its code a thousand times the other processor compiles it, which both daemons are then without at times.
 */
const warmUp = 1500
/** Debian's client is a new process each time and never gets faster. */
const programWarmUp = 20
const rounds = 3
const ports = { real: { tcp: 3001, multicast: 3003 }, ours: { tcp: 3002, multicast: 3004 } } as const
const makers = ['real', 'ours'] as const

function oneByOne(name: string, transport: Load['transport'], operation: string, domain: string): Load {
  const listener = transport === 'multicast' ? 'multicast' : 'tcp'
  return { name, transport, listener, operation, domain, total: many, atOnce: 1 }
}

/** Time for an operation, 100 at once, and what silent clients add: the real daemon and ours in one run. */
export const fence: Bench = async () => {
  const lacks = fenceLabLacks()
  if (lacks !== undefined) {
    process.stderr.write(`fence: not run: ${lacks}\n`)
    return 1
  }
  const lab = await FenceLab.open()
  try {
    const found = new Map<string, Figures[]>()
    for (let round = 0; round < rounds; round += 1) {
      for (const listener of ['tcp', 'multicast'] as const) await measure(lab, listener, round, found)
    }
    report(found)
    await silence(lab)
    return 0
  } finally {
    await lab.close()
  }
}

function startDaemon(lab: FenceLab, maker: Maker, listener: Load['listener']): Promise<LabDaemon> {
  const port = ports[maker][listener]
  const where = listener === 'tcp' ? `address = "${labAddress}";` : 'interface = "v0";'
  const rate = maker === 'ours' ? 'rate_burst = "1000000";' : ''
  const conf = `fence_virtd { listener = "${listener}"; backend = "libvirt"; ${rate} }
listeners { ${listener} { key_file = "${lab.keyFile}"; ${where} port = "${port}"; } }
backends { libvirt { uri = "${lab.uri}"; } }
`
  return lab.daemon(maker, conf, () => lab.listens(listener === 'tcp' ? 'tcp' : 'udp', port))
}

async function run(lab: FenceLab, asked: readonly Maker[], one: Load, silent = 0): Promise<readonly Figures[]> {
  const { transport, listener, operation, domain, total, atOnce } = one
  const where = asked.map((maker) => ports[maker][listener]).join(',')
  const warm = silent > 0 ? 0 : transport === 'program' ? programWarmUp : warmUp
  const argv = [transport, where, lab.keyFile, operation, domain, total, atOnce, silent, warm].map(String)
  const { code, out, err } = await lab.node(load, argv)
  if (code !== 0) throw new Error(`${one.name}: ${err}`)
  return JSON.parse(out) as readonly Figures[]
}

/** Both daemons stand side by side and are asked in turn; which of them is first changes with the round. */
async function measure(
  lab: FenceLab,
  listener: Load['listener'],
  round: number,
  found: Map<string, Figures[]>,
): Promise<void> {
  const order = round % 2 === 0 ? makers : makers.toReversed()
  const daemons: LabDaemon[] = []
  for (const maker of order) daemons.push(await startDaemon(lab, maker, listener))
  for (const one of loads.filter((candidate) => candidate.listener === listener)) {
    const figures = await run(lab, order, one)
    order.forEach((maker, index) => {
      const key = `${maker} ${one.name}`
      const figure = figures[index]
      if (figure !== undefined) found.set(key, [...(found.get(key) ?? []), figure])
    })
  }
  for (const daemon of daemons) await daemon.stop()
}

function report(found: ReadonlyMap<string, readonly Figures[]>): void {
  for (const { name, atOnce } of loads) {
    const pick = (figures: Figures): number => (atOnce === 1 ? figures.medianMs : figures.wholeMs)
    const of = (maker: Maker): number => median((found.get(`${maker} ${name}`) ?? []).map(pick))
    const lost = (maker: Maker): number => (found.get(`${maker} ${name}`) ?? []).reduce((sum, one) => sum + one.lost, 0)
    const cut =
      lost('real') + lost('ours') === 0 ? '' : ` (cut and tried again: real ${lost('real')}, ours ${lost('ours')})`
    const what = atOnce === 1 ? 'each' : 'for all'
    process.stdout.write(
      `${name}: real ${of('real').toFixed(2)} ms, ours ${of('ours').toFixed(2)} ms ${what}, ratio ours / real ${(of('ours') / of('real')).toFixed(2)}${cut}\n`,
    )
  }
}

/** One silent client is enough for the real daemon; ours gets a hundred. */
async function silence(lab: FenceLab): Promise<void> {
  const status = oneByOne('silent', 'tcp', 'status', 'vm-a')
  for (const [maker, silent, total] of [
    ['real', 1, 1],
    ['ours', 100, 50],
  ] as const) {
    const daemon = await startDaemon(lab, maker, 'tcp')
    const [without] = await run(lab, [maker], { ...status, total: 50 })
    const [during] = await run(lab, [maker], { ...status, total }, silent)
    await daemon.stop()
    if (without === undefined || during === undefined) continue
    process.stdout.write(
      `${maker}: status beside ${silent} silent client(s) ${during.medianMs.toFixed(2)} ms, without ${without.medianMs.toFixed(2)} ms: they add ${(during.medianMs - without.medianMs).toFixed(2)} ms\n`,
    )
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
