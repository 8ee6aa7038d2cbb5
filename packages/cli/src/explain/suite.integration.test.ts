import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { invariant } from '@quorate/base'
import { usableCib } from '@quorate/cib'
import {
  type Decision,
  decisionOn,
  explainFrom,
  type InstanceExplanation,
  type NodeExplanation,
  type Reason,
} from '@quorate/scheduler'
import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { whatIfTool } from '../what-if/main.ts'
import { explainTool } from './main.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const shared = process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared')
const suite = path.join(shared, 'suites', 'scheduler-2.1.5')
const isThere = fs.existsSync(suite)
const lacks = isThere ? '' : ' (skipped: no suite, set QUORATE_SHARED)'
const files = isThere ? fs.readdirSync(suite).filter((name) => name.endsWith('.xml')) : []
const infinity = 1_000_000
const nowSeconds = 1_700_000_000

function decisionFor(file: string): Decision {
  const parsed = parseXml(fs.readFileSync(path.join(suite, file), 'utf8'))
  invariant(parsed.ok, `${file} is well formed`)
  const usable = usableCib(parsed.value)
  invariant(usable.ok, `${file} can be brought to the newest schema`)
  return decisionOn(usable.cib, { nowSeconds, wantsScores: true })
}

/** A sum of scores as the scheduler makes it: minus infinity outweighs all, then infinity. */
function sumOf(reasons: readonly Reason[]): number {
  return reasons.reduce((sum, { score = 0 }) => {
    if (sum <= -infinity || score <= -infinity) return -infinity
    if (sum >= infinity || score >= infinity) return infinity
    return Math.max(-infinity, Math.min(infinity, sum + score))
  }, 0)
}

function scoreOf(text: string): number {
  return text.endsWith('INFINITY') ? (text.startsWith('-') ? -infinity : infinity) : Number(text)
}

/** The scores that crm_simulate shows (its expected files are compared elsewhere), by what they are of. */
function shownScores(decision: Decision): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const { kind, text } of decision.cluster.log) {
    const [, id, node, score = ''] =
      /^pcmk__primitive_assign: (\S+) allocation score on (\S+): (\S+)$/.exec(text) ??
      /^(\S+) (promotion score on \S+): (\S+)$/.exec(text) ??
      []
    if (kind === 'score' && id !== undefined) found.set(`${id} ${node}`, scoreOf(score))
  }
  return found
}

function* instancesOf(decision: Decision): Generator<InstanceExplanation> {
  for (const { id } of decision.cluster.resources) {
    const found = explainFrom(decision, id, undefined, 0)
    invariant(found.ok, `${id} is there`)
    yield* found.value.instances
  }
}

test.skipIf(!isThere)(
  `contributions add up to the score, and that is the one that crm_simulate shows${lacks}`,
  () => {
    const wrong: unknown[] = []
    let [scores, promotions] = [0, 0]
    const judge = (file: string, id: string, node: NodeExplanation, shown: number | undefined): void => {
      if (node.score === undefined) return
      if (sumOf(node.reasons) !== node.score) wrong.push({ file, id, node })
      // Room on nodes is looked at after the scores were shown.
      const before = node.reasons.filter(({ kind }) => kind !== 'capacity')
      if (shown === undefined) return
      scores += 1
      if (sumOf(before) !== shown) wrong.push({ file, id, node, shown })
    }
    for (const file of files) {
      const decision = decisionFor(file)
      const shown = shownScores(decision)
      const isTwice = (id: string): boolean => (decision.cluster.resourceTwins.get(id)?.length ?? 0) > 0
      for (const { id, nodes, promotion } of instancesOf(decision)) {
        if (isTwice(id)) continue
        for (const node of nodes) judge(file, id, node, shown.get(`${id} ${node.node}`))
        const score = promotion === undefined ? undefined : shown.get(`${id} promotion score on ${promotion.node}`)
        if (promotion === undefined || score === undefined) continue
        promotions += 1
        if (promotion.score !== score || sumOf(promotion.reasons) !== score) wrong.push({ file, id, promotion, score })
      }
    }
    expect(wrong).toEqual([])
    expect(scores).toBeGreaterThan(20_000)
    expect(promotions).toBeGreaterThan(300)
  },
  300_000,
)

test.skipIf(!isThere)(
  `whatever cannot be done says what it waits for, and by which constraints${lacks}`,
  () => {
    const wrong: unknown[] = []
    let [waiting, named] = [0, 0]
    for (const file of files) {
      const decision = decisionFor(file)
      for (const { id, actions } of instancesOf(decision)) {
        for (const { task, isRunnable, waitsFor, follows } of actions) {
          const steps = [...waitsFor.flatMap(({ way }) => way), ...(follows === undefined ? [] : [follows])]
          const ids = steps.filter(({ kind }) => kind !== 'group').flatMap(({ constraints }) => constraints)
          named += ids.length
          for (const name of ids) if (!decision.constraints.has(name)) wrong.push({ file, id, task, name })
          if (isRunnable) continue
          waiting += 1
          if (waitsFor.length === 0) wrong.push({ file, id, task })
        }
      }
    }
    expect(wrong).toEqual([])
    expect(waiting).toBeGreaterThan(200)
    expect(named).toBeGreaterThan(150)
  },
  300_000,
)

test.skipIf(!isThere)(
  `what would have to change does, when what-if is told so${lacks}`,
  async () => {
    let [asked, found] = [0, 0]
    for (const file of files.filter((_, i) => i % 12 === 5)) {
      const xml = path.join(suite, file)
      const decision = decisionFor(file)
      const pairs = [...instancesOf(decision)].flatMap(({ id, nodes }) =>
        nodes.filter(({ isChosen }) => !isChosen).map(({ node }) => [id, node] as const),
      )
      const pair = pairs[Math.floor(pairs.length / 2)]
      if (pair === undefined) continue
      const told = await tryTool(explainTool, ['--xml-file', xml, '--output-as=json', ...pair], {
        nowMs: nowSeconds * 1000,
      })
      const [at] = (JSON.parse(told.out).instances[0] as InstanceExplanation).nodes
      // Another instance may be there already, and nothing takes what belongs into a container to another node.
      if (at?.whatIf?.length === 0 || at?.remedies[0] === 'nothing makes it run here') continue
      asked += 1
      // What is not there is null in JSON.
      const argv = at?.whatIf ?? []
      if (argv.length === 0) continue
      found += 1
      const tried = await tryTool(whatIfTool, ['--xml-file', xml, ...argv], { nowMs: nowSeconds * 1000 })
      expect([file, pair, tried.code, tried.err.includes('what-if:')]).toEqual([file, pair, 0, false])
      // An instance of a clone can have another number there.
      const name = pair[0].replace(/:\d+$/, '')
      const mentions = tried.out.split('\n').some((line) => line.includes(name) && line.includes(pair[1]))
      expect([file, pair, mentions]).toEqual([file, pair, true])
    }
    expect(asked).toBeGreaterThan(30)
    // Where it is not found, that is said: replicas, room made by something else, people who have to look first.
    expect(found / asked).toBeGreaterThan(0.8)
  },
  300_000,
)
