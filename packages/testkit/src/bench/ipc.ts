import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { hasProgram, Lab, labMissing } from '../lab.ts'

/** Round-trip times of one client on one server, µs. */
type RoundTrips = { readonly p50: number; readonly p99: number; readonly mean: number }

type Side = 'real' | 'ours'
const sides: readonly Side[] = ['real', 'ours']
const nodeOf = { real: 1, ours: 2 } as const
const key = 'totem.version'

/** The smallest client of libcmap: times `count` gets and prints them in nanoseconds. Its headers need not be there. */
const clientInC = `#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
extern int cmap_initialize(uint64_t *handle);
extern int cmap_get(uint64_t handle, const char *key, void *value, size_t *value_len, int *type);
int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000;
  uint64_t handle;
  if (cmap_initialize(&handle) != 1) return 1;
  long *ns = malloc(count * sizeof *ns);
  for (long i = 0; i < count; i++) {
    struct timespec from, to;
    uint32_t value;
    size_t len = sizeof value;
    int type;
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (cmap_get(handle, ${JSON.stringify(key)}, &value, &len, &type) != 1) return 2;
    clock_gettime(CLOCK_MONOTONIC, &to);
    ns[i] = (to.tv_sec - from.tv_sec) * 1000000000L + (to.tv_nsec - from.tv_nsec);
  }
  for (long i = 0; i < count; i++) printf("%ld\\n", ns[i]);
  return 0;
}
`

/** The same with our client. */
const clientOfOurs = (entry: string): string => `import { connectRing } from ${JSON.stringify(entry)}
const count = Number(process.argv[2])
const cmap = await connectRing().cmap(() => process.exit(1))
const ns = []
for (let i = 0; i < count; i += 1) {
  const from = process.hrtime.bigint()
  await cmap.get(${JSON.stringify(key)})
  ns.push(process.hrtime.bigint() - from)
}
cmap.close()
process.stdout.write(ns.join('\\n') + '\\n')
`

/** Round trip of a libqb request (a read of cmap): the C client and ours, on the real corosync and on ours. */
export async function ipc(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { count: { type: 'string', default: '20000' }, reps: { type: 'string', default: '3' } },
  })
  const missing = labMissing() ?? (hasProgram('gcc') ? undefined : 'gcc is missing')
  if (missing !== undefined) {
    process.stderr.write(`ipc: not run: ${missing}\n`)
    return 1
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-bench-'))
  const lab = new Lab('benchipc')
  try {
    const clients = makeClients(folder)
    await lab.up({ nodes: 2, transport: 'udpu' })
    for (const side of sides) await lab.startCorosync(nodeOf[side], side)
    await lab.waitRing()
    await measure(lab, clients, values.count, Number(values.reps))
    return 0
  } finally {
    await lab.down()
    fs.rmSync(folder, { recursive: true })
  }
}

/** Commands that start each client; the count of round trips follows. */
function makeClients(folder: string): Readonly<Record<Side, readonly string[]>> {
  const source = path.join(folder, 'client.c')
  const program = path.join(folder, 'client')
  fs.writeFileSync(source, clientInC)
  const { status, stderr } = spawnSync('gcc', ['-O2', '-o', program, source, '-l:libcmap.so.4'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc: ${stderr}`)
  const script = path.join(folder, 'client.mjs')
  fs.writeFileSync(script, clientOfOurs(import.meta.resolve('@quorate/corosync/client')))
  return { real: [program], ours: [process.execPath, script] }
}

/** Takes turns, so that a busy moment of the machine does not meet one pair alone. */
async function measure(
  lab: Lab,
  clients: Readonly<Record<Side, readonly string[]>>,
  count: string,
  reps: number,
): Promise<void> {
  const runs = new Map<string, RoundTrips[]>()
  for (let rep = 0; rep < reps; rep += 1) {
    for (const client of sides) {
      for (const server of sides) {
        const { status, stdout, stderr } = await lab.exec(nodeOf[server], ...clients[client], count)
        if (status !== 0) throw new Error(`${client} client on ${server} server: exit ${status} ${stderr}`)
        const name = `${client} client, ${server} server`
        runs.set(name, [...(runs.get(name) ?? []), roundTripsIn(stdout)])
      }
    }
  }
  const base = median((runs.get('real client, real server') ?? []).map(({ p50 }) => p50))
  for (const [name, results] of runs) {
    const [p50, p99, mean] = (['p50', 'p99', 'mean'] as const).map((what) => median(results.map((run) => run[what])))
    const shown = [p50, p99, mean].map((value) => value?.toFixed(1))
    const ratio = ((p50 ?? Number.NaN) / base).toFixed(2)
    process.stdout.write(`${name}: p50 ${shown[0]} p99 ${shown[1]} mean ${shown[2]} µs, ${ratio} of real on real\n`)
  }
}

/** Reads nanoseconds, one a line. */
export function roundTripsIn(text: string): RoundTrips {
  const us = text
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1000)
    .sort((a, b) => a - b)
  const at = (share: number): number => us[Math.min(us.length - 1, Math.floor(us.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), mean: us.reduce((sum, value) => sum + value, 0) / us.length }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
