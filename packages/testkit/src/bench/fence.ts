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
  readonly transport: 'tcp' | 'multicast'
  readonly operation: string
  readonly domain: string
  readonly total: number
  readonly atOnce: number
}

const load = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fence-load.js')
const many = 200
const loads: readonly Load[] = [
  { name: 'tcp monitor', transport: 'tcp', operation: 'monitor', domain: '', total: many, atOnce: 1 },
  { name: 'tcp status', transport: 'tcp', operation: 'status', domain: 'vm-a', total: many, atOnce: 1 },
  { name: 'tcp list', transport: 'tcp', operation: 'list', domain: '', total: many, atOnce: 1 },
  {
    name: 'tcp off (of one that is off)',
    transport: 'tcp',
    operation: 'off',
    domain: 'vm-off',
    total: many,
    atOnce: 1,
  },
  { name: 'tcp on (of one that is on)', transport: 'tcp', operation: 'on', domain: 'vm-a', total: many, atOnce: 1 },
  { name: 'multicast status', transport: 'multicast', operation: 'status', domain: 'vm-a', total: many, atOnce: 1 },
  { name: 'tcp status, 100 at once', transport: 'tcp', operation: 'status', domain: 'vm-a', total: 100, atOnce: 100 },
  { name: 'tcp list, 100 at once', transport: 'tcp', operation: 'list', domain: '', total: 100, atOnce: 100 },
]
/** Requests of each daemon before those that count, for every load alike. */
const warmUp = 50
const rounds = 3
const ports = { real: { tcp: 3001, multicast: 3003 }, ours: { tcp: 3002, multicast: 3004 } } as const
const makers = ['real', 'ours'] as const

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
      for (const transport of ['tcp', 'multicast'] as const) await measure(lab, transport, round, found)
    }
    report(found)
    await silence(lab)
    return 0
  } finally {
    lab.close()
  }
}

function startDaemon(lab: FenceLab, maker: Maker, transport: 'tcp' | 'multicast'): Promise<LabDaemon> {
  const port = ports[maker][transport]
  const where = transport === 'tcp' ? `address = "${labAddress}";` : 'interface = "v0";'
  const rate = maker === 'ours' ? 'rate_burst = "1000000";' : ''
  const conf = `fence_virtd { listener = "${transport}"; backend = "libvirt"; ${rate} }
listeners { ${transport} { key_file = "${lab.keyFile}"; ${where} port = "${port}"; } }
backends { libvirt { uri = "${lab.uri}"; } }
`
  return lab.daemon(maker, conf, () => lab.listens(transport === 'tcp' ? 'tcp' : 'udp', port))
}

async function run(lab: FenceLab, asked: readonly Maker[], one: Load, silent = 0): Promise<readonly Figures[]> {
  const { transport, operation, domain, total, atOnce } = one
  const where = asked.map((maker) => ports[maker][transport]).join(',')
  const warm = silent === 0 ? warmUp : 0
  const argv = [transport, where, lab.keyFile, operation, domain, total, atOnce, silent, warm].map(String)
  const { code, out, err } = await lab.node(load, argv)
  if (code !== 0) throw new Error(`${one.name}: ${err}`)
  return JSON.parse(out) as readonly Figures[]
}

/** Both daemons stand side by side and are asked in turn; which of them is first changes with the round. */
async function measure(
  lab: FenceLab,
  transport: 'tcp' | 'multicast',
  round: number,
  found: Map<string, Figures[]>,
): Promise<void> {
  const order = round % 2 === 0 ? makers : makers.toReversed()
  const daemons: LabDaemon[] = []
  for (const maker of order) daemons.push(await startDaemon(lab, maker, transport))
  for (const one of loads.filter((candidate) => candidate.transport === transport)) {
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
  const status: Load = { name: 'silent', transport: 'tcp', operation: 'status', domain: 'vm-a', total: 1, atOnce: 1 }
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
