import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Lab } from '../lab.ts'

/** Figures of one repetition, ms from the SIGKILL. */
export type Repetition = { readonly ringMs: number; readonly startedMs: number }

const nodes = [1, 2, 3] as const
const pollMs = 10
/** What must have happened by then, or never will. */
const patienceMs = 90_000
/** A cluster rests so long before the next SIGKILL. */
const restMs = 4_000

const resource = `<primitive id="d3" class="ocf" provider="pacemaker" type="Dummy"><operations>
  <op id="d3-m" name="monitor" interval="10s"/></operations></primitive>`

/** Kills the DC of three nodes again and again, each time with the resource on it. */
export async function repetitionsWithDc(
  who: 'real' | 'ours',
  tokenMs: number,
  reps: number,
  environment: Readonly<Record<string, string>>,
): Promise<readonly Repetition[]> {
  const lab = new Lab(`dc${who}`)
  const runs: Repetition[] = []
  try {
    await lab.up({ nodes: nodes.length, transport: 'udpu', tokenMs })
    await bringUp(lab, who, 'all', environment)
    await lab.must(['exec', '1', 'crm_attribute', '-t', 'crm_config', '-n', 'stonith-enabled', '-v', 'false'])
    await configure(lab, 1, 'resources', `<resources>${resource}</resources>`)
    for (let rep = 1; rep <= reps; rep += 1) {
      const victim = await dcOf(lab, 1)
      const witness = nodes.find((node) => node !== victim) ?? 1
      const rule = `<rsc_location id="l3" rsc="d3" node="node${victim}" score="100"/>`
      await configure(lab, witness, 'constraints', `<constraints>${rule}</constraints>`)
      await until(`d3 on node${victim}`, async () => (await placeOf(lab, witness)) === `node${victim}`)
      await delay(restMs)
      const run = await killOne(lab, victim, witness)
      runs.push(run)
      const after = run.startedMs - run.ringMs
      process.stdout.write(
        `${who}: rep ${rep}, DC node${victim} killed: ring ${run.ringMs} ms, started ${run.startedMs} ms, after ${after} ms\n`,
      )
      await lab.must(['boot', String(victim)])
      await bringUp(lab, who, String(victim), environment)
    }
  } finally {
    await lab.down()
  }
  return runs
}

async function bringUp(lab: Lab, who: 'real' | 'ours', which: string, environment: Readonly<Record<string, string>>) {
  if (which === 'all') for (const node of nodes) await lab.startCorosync(node, who)
  else await lab.startCorosync(Number(which), who)
  await lab.waitRing()
  await lab.must(['start-pacemaker', which], environment)
  await lab.waitOnline()
}

async function configure(lab: Lab, node: number, scope: string, xml: string): Promise<void> {
  const cibadmin = ['cibadmin', '--modify', '--allow-create', '--scope', scope, '--xml-text', xml]
  await lab.must(['exec', String(node), ...cibadmin])
}

async function dcOf(lab: Lab, node: number): Promise<number> {
  const { stdout } = await lab.exec(node, 'crm_mon', '-1')
  const named = /Current DC: node(\d)/.exec(stdout)?.[1]
  if (named === undefined) throw new Error(`no DC: ${stdout}`)
  return Number(named)
}

async function placeOf(lab: Lab, node: number): Promise<string> {
  return (await lab.exec(node, 'crm_resource', '-Q', '-W', '-r', 'd3')).stdout.trim()
}

async function killOne(lab: Lab, victim: number, witness: number): Promise<Repetition> {
  const pid = Number((await lab.must(['pid', String(victim)])).stdout.trim())
  const unplugged = lab.run(['link', String(victim), 'down'])
  process.kill(pid, 'SIGKILL')
  const killedAtMs = Date.now()
  await unplugged
  const others = nodes.filter((node) => node !== victim)
  let startedAtMs: number | undefined
  await until('the resource elsewhere', async () => {
    startedAtMs = others
      .flatMap((node) => stateFiles(path.join(lab.folder, `node${node}`)))
      .map((file) => fs.statSync(file).mtimeMs)
      .find((ms) => ms > killedAtMs)
    return startedAtMs !== undefined
  })
  const ringAtMs = verdictAtMs(path.join(lab.folder, `node${witness}/var/log/corosync/corosync.log`))
  return {
    ringMs: Math.round(ringAtMs - killedAtMs),
    startedMs: Math.round((startedAtMs ?? Number.NaN) - killedAtMs),
  }
}

/** Where the agent notes that its resource runs. */
function stateFiles(node: string): readonly string[] {
  return fs
    .readdirSync(node)
    .filter((name) => name.startsWith('run.'))
    .map((name) => path.join(node, name, 'Dummy-d3.state'))
    .filter((file) => fs.existsSync(file))
}

/** When the ring last had two members, by the log, whose times have milliseconds and no year. */
function verdictAtMs(file: string): number {
  const lines = fs.readFileSync(file, 'utf8').split('\n')
  const line = lines.findLast((text) => /QUORUM.*Members\[2\]/.test(text)) ?? ''
  return Date.parse(`${line.slice(0, 6)} ${new Date().getFullYear()} ${line.slice(7, 19)}`)
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s in vain: ${what}`)
    await delay(pollMs)
  }
}
