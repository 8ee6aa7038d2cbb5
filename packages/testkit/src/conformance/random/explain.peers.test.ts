import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { invariant } from '@quorate/base'
import { cibFaultsIn, usableCib } from '@quorate/cib'
import {
  type Cluster,
  decisionOn,
  explainFrom,
  type Resource,
  type Supposition,
  supposedCib,
  unpackStatus,
  whatIf,
} from '@quorate/scheduler'
import { formatXml, parseXml, withAttributes, type XmlElement } from '@quorate/xml'
import { afterAll, expect, test } from 'vitest'
import { agents, cibText, primitive, state } from '../situations/cluster-text.ts'
import { situations } from '../situations/situations.ts'
import { randomCase } from './cib.ts'
import { type RandomFeature, randomFeatures } from './feature.ts'
import { randomNowSeconds } from './history.ts'

const hasReal = fs.existsSync('/usr/sbin/crm_simulate')
const lacks = hasReal ? '' : ' (skipped: no crm_simulate)'
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-explain-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const options = { nowSeconds: randomNowSeconds }
/** Longest that the C program may work, in seconds of processor time. */
const patienceCpuSeconds = 10
/** Transitions in which a cluster comes to rest, or never. */
const transitionsMax = 6

type Run = { readonly text: string; readonly code: number | null; readonly end: XmlElement | undefined }

/** Runs the real program's simulation. */
function simulated(cib: XmlElement, more: readonly string[] = []): Run {
  const [input, output] = [path.join(scratch, 'in.xml'), path.join(scratch, 'out.xml')]
  fs.writeFileSync(input, formatXml(cib))
  fs.rmSync(output, { force: true })
  const argv = ['--core=0', `--cpu=${patienceCpuSeconds}`, 'crm_simulate', '-x', input, '-S', '-O', output, ...more]
  const env = { ...process.env, LC_ALL: 'C', CIB_shadow_dir: scratch, PCMK_schema_directory: '/usr/share/pacemaker' }
  const { stdout, status } = spawnSync('prlimit', argv, { encoding: 'utf8', env })
  const parsed = fs.existsSync(output) ? parseXml(fs.readFileSync(output, 'utf8')) : undefined
  return { text: stdout, code: status, end: parsed?.ok === true ? parsed.value : undefined }
}

/** Clusters with some features, from seeds; those that are refused, or made for a moment of their own, are left out. */
function* clusters(from: number, count: number, features: readonly RandomFeature[]): Generator<[number, XmlElement]> {
  for (let seed = from; seed < from + count; seed += 1) {
    const { cib, moment } = randomCase(seed, features)
    const usable = usableCib(cib)
    if (moment === undefined && usable.ok && cibFaultsIn(usable.cib, 1).length === 0) yield [seed, usable.cib]
  }
}

function leavesOf(cluster: Cluster): readonly Resource[] {
  const found: Resource[] = []
  const walk = (resource: Resource): void => {
    const parts = resource.bundle?.replicas.flatMap(({ container, ip, connection, instance }) =>
      [container, ip, connection, instance].flatMap((item) => item ?? []),
    )
    const below = [...resource.children, ...(parts ?? [])]
    if (below.length === 0) found.push(resource)
    below.forEach(walk)
  }
  cluster.resources.forEach(walk)
  return found
}

/** What is explained, and when: the moment is the real program's clock as well. */
type Question = { readonly name: string; readonly cib: XmlElement; readonly nowSeconds: number }

/** What was found to bring an instance to a node: an instance and a node, and what is to be supposed, step by step. */
type Promise = { readonly id: string; readonly node: string; readonly steps: readonly Supposition[] }

/** The pair of an instance and a node that a number picks of those where it is not to be, and what would bring it there. */
function promised({ cib, nowSeconds }: Question, number: number): Promise | undefined {
  const decision = decisionOn(cib, { nowSeconds })
  const pairs = leavesOf(decision.cluster).flatMap(({ id, assigned }) =>
    decision.cluster.nodes.flatMap((node) => (node === assigned ? [] : [[id, node.uname] as const])),
  )
  const [id, node] = pairs[number % pairs.length] ?? []
  if (id === undefined || node === undefined) return undefined
  const found = explainFrom(decision, id, node)
  const steps = found.ok ? found.value.instances[0]?.nodes[0]?.steps : undefined
  if (steps === undefined || steps.length === 0) return undefined
  return { id, node, steps: steps.map(({ suppose }) => suppose) }
}

const plainName = (id: string): string => id.replace(/:\d+$/, '')

/** Where the real program has the instances of an id once it has done all steps of a promise; the step that it fails at otherwise. */
function reachedByReal({ cib, nowSeconds }: Question, { id, steps }: Promise): readonly string[] | string {
  const moment = new Date(nowSeconds * 1000).toISOString().replace('T', ' ').replace('.000', '')
  let at = cib
  for (const [i, suppose] of steps.entries()) {
    const made = supposedCib(at, suppose, { nowSeconds })
    if (!made.ok) return `step ${i + 1} cannot be supposed: ${made.error}`
    at = made.value
    for (let round = 0; round < transitionsMax; round += 1) {
      const { code, end, text } = simulated(at, ['-t', moment])
      if (code !== 0 || end === undefined) return `step ${i + 1}, transition ${round + 1}: exit code ${code}`
      at = end
      if (!/^ *\* Fencing | {2}(?:start|stop|promote|demote|migrate_\w+) on /m.test(text)) break
    }
  }
  return leavesOf(unpackStatus(at, { nowSeconds }))
    .filter((leaf) => plainName(leaf.id) === plainName(id))
    .flatMap(({ runningOn }) => runningOn.map(({ uname }) => uname))
}

/** Judges a promise of each question by the real program, and counts them and those of two steps. */
function judge(questions: Iterable<readonly [number: number, question: Question]>) {
  const [broken, counts] = [[] as unknown[], { promises: 0, inSteps: 0 }]
  for (const [number, question] of questions) {
    const promise = promised(question, number)
    if (promise === undefined) continue
    counts.promises += 1
    if (promise.steps.length > 1) counts.inSteps += 1
    const reached = reachedByReal(question, promise)
    if (!reached.includes(promise.node) || typeof reached === 'string')
      broken.push({ name: question.name, ...promise, reached })
  }
  return { broken, ...counts }
}

test.skipIf(!hasReal)(
  `what is said to bring a resource to a node does with the real program, which finishes every transition${lacks}`,
  () => {
    const features = ['bundle', 'remote', 'guest', 'failure', 'constraint'] as const
    const questions = function* () {
      for (const [seed, cib] of clusters(700, 40, features)) {
        yield [seed, { name: String(seed), cib, nowSeconds: randomNowSeconds }] as const
      }
    }
    const { broken, promises } = judge(questions())
    expect(broken).toEqual([])
    expect(promises).toBeGreaterThan(15)
  },
  300_000,
)

/** The present of the hand-made clusters, in seconds since 1970. */
const handMadeNowSeconds = 1_796_000_000

function handMade(name: string, text: string): Question {
  const parsed = parseXml(text)
  invariant(parsed.ok, `${name} is well formed`)
  const usable = usableCib(parsed.value)
  invariant(usable.ok, `${name} can be decided on`)
  return { name, cib: usable.cib, nowSeconds: handMadeNowSeconds }
}

test.skipIf(!hasReal)(
  `so it does in hand-made clusters of every kind${lacks}`,
  () => {
    const questions = function* () {
      let number = 0
      for (const [name, text] of situations) {
        number += 1
        // Every third one: the others are judged by the simulation of ours.
        if (number % 3 === 0) yield [number * 7919, handMade(name, text)] as const
      }
    }
    const { broken, promises } = judge(questions())
    expect(broken).toEqual([])
    expect(promises).toBeGreaterThan(10)
  },
  300_000,
)

/** Clusters in which nothing does at once: what waits for each other has to be done one after the other. */
const inSteps: readonly (readonly [name: string, text: string])[] = [
  [
    'a remote node that starts after the stop of what is to be looked for there',
    cibText({
      resources: `${primitive('a', { meta: { 'target-role': 'Stopped' } })}${primitive('far', { agent: agents.remote })}`,
      constraints:
        '<rsc_order id="o"><resource_set id="o1" action="stop"><resource_ref id="a"/></resource_set><resource_set id="o2" action="start"><resource_ref id="far"/></resource_set></rsc_order>',
      status: state(1) + state(2) + state(3),
    }),
  ],
]

test.skipIf(!hasReal)(
  `what does in two steps only does so with the real program${lacks}`,
  () => {
    const { broken, inSteps: count } = judge(
      inSteps.flatMap(([name, text]) => [0, 1, 2].map((number) => [number, handMade(name, text)] as const)),
    )
    expect(broken).toEqual([])
    expect(count).toBeGreaterThan(1)
  },
  300_000,
)

/** An event, and how the real program is told of it. */
function eventOf(cib: XmlElement, seed: number): readonly [Supposition, XmlElement, readonly string[]] {
  const cluster = unpackStatus(cib, options)
  const members = cluster.nodes.filter(({ kind }) => kind === 'member')
  const name = members[seed % members.length]?.uname ?? ''
  const [ticket] = cluster.tickets.keys()
  if (seed % 4 === 0) return [{ nodesLost: [name] }, cib, ['--node-fail', name]]
  if (seed % 4 === 1) return [{ nodesUp: [name] }, cib, ['--node-up', name]]
  if (seed % 4 === 2 && ticket !== undefined) return [{ ticketsRevoked: [ticket] }, cib, ['--ticket-revoke', ticket]]
  // Quorum alone is not injected.
  return [{ quorumLost: true }, withAttributes(cib, { 'have-quorum': '0' }), []]
}

const plain = (line: string): string => line.replaceAll(/ +/g, ' ').trim()

test.skipIf(!hasReal)(
  `the plan of an event is the one of the real program, line by line${lacks}`,
  () => {
    let count = 0
    for (const [seed, cib] of clusters(800, 40, randomFeatures)) {
      const [what, input, argv] = eventOf(cib, seed)
      const { text, code } = simulated(input, argv)
      // It aborts on some.
      if (code !== 0 && code !== 1) continue
      const found = whatIf(cib, what, options)
      invariant(found.ok, 'the event can be supposed')
      count += 1
      const plan = /Transition Summary:\n((?: {2}\* .*\n)*)/.exec(text)?.[1] ?? ''
      const theirs = plan.split('\n').flatMap((line) => (line === '' ? [] : [plain(line.slice(4))]))
      const ours = [...found.value.plan, ...found.value.due].map((item) => plain(item.text))
      expect([seed, ours.toSorted()]).toEqual([seed, theirs.toSorted()])
      if (code === 1) expect([seed, found.value.isComplete]).toEqual([seed, false])
    }
    expect(count).toBeGreaterThan(15)
  },
  300_000,
)
