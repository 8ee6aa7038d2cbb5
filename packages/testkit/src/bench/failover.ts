import { spawn } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { labMissing, quorateProgram, sharedFolder } from '../lab.ts'
import { type Repetition, repetitionsWithDc } from './failover-dc.ts'

/**
 * SIGKILL of a node of three until a resource of its runs on another one, with the real daemons and then with ours:
 * the same lab, agents and token. Also what Pacemaker adds after the ring's verdict. `--victim dc`: the node that dies is
 * the DC, so that the others must elect one first; `other` (default): it may be, but is not where others came up before.
 */
export async function failover(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      reps: { type: 'string', default: '3' },
      token: { type: 'string', default: '1000' },
      victim: { type: 'string', default: 'other' },
      whose: { type: 'string', default: 'both' },
    },
  })
  const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd'])
  if (missing !== undefined) {
    process.stderr.write(`failover: not run: ${missing}\n`)
    return 1
  }
  const rows: [string, readonly Repetition[]][] = []
  for (const [who, environment] of [
    ['real', {}],
    ['ours', oursInPlace()],
  ] as const) {
    if (values.whose !== 'both' && values.whose !== who) continue
    const runs =
      values.victim === 'dc'
        ? await repetitionsWithDc(who, Number(values.token), Number(values.reps), environment)
        : await repetitions(who, values.token, values.reps, environment)
    rows.push([who, runs])
  }
  const medians = rows.map(([who, runs]) => {
    const ring = median(runs.map((run) => run.ringMs))
    const started = median(runs.map((run) => run.startedMs))
    const after = median(runs.map((run) => run.startedMs - run.ringMs))
    process.stdout.write(
      `${who}: ring drops the node ${ring} ms, resource started elsewhere ${started} ms, after the ring ${after} ms (median of ${runs.length})\n`,
    )
    return { started, after }
  })
  if (values.whose !== 'both') return medians.some(({ started }) => Number.isNaN(started)) ? 1 : 0
  const [real, ours] = medians
  if (real === undefined || ours === undefined || Number.isNaN(real.started) || Number.isNaN(ours.started)) return 1
  process.stdout.write(
    `ratio ours / real: started ${(ours.started / real.started).toFixed(2)}, after the ring ${(ours.after / real.after).toFixed(2)}\n`,
  )
  return 0
}

/** Environment in which the lab starts our daemons in place of the real ones. */
function oursInPlace(): Readonly<Record<string, string>> {
  const program = `${process.execPath} ${quorateProgram}`
  return { COROSYNC: `${program} corosync -f`, PACEMAKERD: `${program} pacemakerd -f` }
}

function repetitions(
  who: string,
  token: string,
  reps: string,
  environment: Readonly<Record<string, string>>,
): Promise<readonly Repetition[]> {
  const script = path.join(sharedFolder(), 'lab/bench/bench.sh')
  return new Promise((resolve, reject) => {
    const child = spawn('bash', [script, 'failover', 'udpu', token, reps], {
      env: { ...process.env, ...environment, LAB_NAME: `bench${who}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (part: string) => {
      text += part
      process.stdout.write(part.replace(/^(?=.)/gm, `${who}: `))
    })
    child.on('error', reject)
    child.on('close', () => resolve(repetitionsIn(text)))
  })
}

/** Reads `test=failover … ring_ms=… resource_started_ms=…` lines. */
export function repetitionsIn(text: string): readonly Repetition[] {
  return [...text.matchAll(/^test=failover .*\bring_ms=(-?\d+) resource_started_ms=(-?\d+)/gm)].map(
    ([, ring, started]) => ({ ringMs: Number(ring), startedMs: Number(started) }),
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
