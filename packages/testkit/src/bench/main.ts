import os from 'node:os'
import type { Bench } from './bench.ts'

/** Every benchmark by name. Sorted. */
const benches: Readonly<Record<string, { readonly what: string; readonly load: () => Promise<Bench> }>> = {
  failover: {
    what: 'a node is killed: how long until its resource runs elsewhere (root, the lab)',
    load: async () => (await import('./failover.ts')).failover,
  },
  fence: {
    what: 'fence_virtd: time for an operation, 100 at once, beside silent clients (root, libvirtd)',
    load: async () => (await import('./fence.ts')).fence,
  },
  ipc: {
    what: 'round trip of a libqb request, C client and ours on the real corosync and on ours (root, the lab, gcc)',
    load: async () => (await import('./ipc.ts')).ipc,
  },
  ring: {
    what: 'a ring of three: forming, at rest, dropping a killed node, cpg throughput; --transport knet-crypto (root, the lab)',
    load: async () => (await import('./ring.ts')).ring,
  },
  scheduler: {
    what: 'crm_simulate, the real one and ours: time, memory and growth on made CIBs; the suite in process',
    load: async () => (await import('./scheduler.ts')).scheduler,
  },
}

const usage = `Usage: npm run bench -- NAME [ARGUMENTS]

Measures ours and the real program in the same run and prints ratios.

Benchmarks:
${Object.entries(benches)
  .map(([name, { what }]) => `  ${name.padEnd(12)} ${what}`)
  .join('\n')}

Example:
  npm run bench -- failover --reps 3
`

async function main([name, ...argv]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help') {
    process.stdout.write(usage)
    return name === undefined ? 64 : 0
  }
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (bench === undefined) {
    process.stderr.write(`bench: no benchmark '${name}'\n${usage}`)
    return 64
  }
  const [load = 0] = os.loadavg()
  process.stdout.write(`# ${os.cpus().length} cores, load ${load.toFixed(1)}, node ${process.version}\n`)
  return (await bench.load())(argv)
}

process.exitCode = await main(process.argv.slice(2))
