import { task } from '../action/key.ts'
import { role, roleText } from '../model/role.ts'
import { withoutInstance } from '../model/tree.ts'
import { infinity, scoreText } from '../score.ts'
import type {
  DueAction,
  Explanation,
  InstanceExplanation,
  NodeExplanation,
  NodeStateExplanation,
  PromotionExplanation,
  Reason,
} from './reason.ts'

/** An explanation as lines for people. */
export function explanationLines(of: Explanation): readonly string[] {
  const lines = of.instances.flatMap((instance) => instanceLines(instance, shownNodes(of, instance)))
  for (const { node, reason } of of.fencing)
    lines.push(`${node} is to be fenced${reason === undefined ? '' : `: ${reason}`}.`)
  for (const { text } of of.loops) lines.push(`Warning: ${text}.`)
  if (of.asNode !== undefined) {
    const [first, ...more] = nodeStateLines(of.asNode)
    lines.push(`As a node, ${first}`, ...more)
  }
  return lines
}

/**
 * Nodes to show with an instance. Where one instance is as good as another, each has the node that it goes to, and one of
 * them tells why nothing goes to the others.
 */
function shownNodes({ instances }: Explanation, instance: InstanceExplanation): readonly NodeExplanation[] {
  const alike = instances.filter(
    (item) => item.isInterchangeable && withoutInstance(item.id) === withoutInstance(instance.id),
  )
  if (!instance.isInterchangeable || alike.length < 2) return instance.nodes
  const taken = new Set(alike.map(({ assigned }) => assigned))
  const speaker = alike.find(({ assigned }) => assigned === undefined) ?? alike[alike.length - 1]
  return instance.nodes.filter(({ node, isChosen }) => isChosen || (instance === speaker && !taken.has(node)))
}

/** An explanation of a node as lines for people. */
export function nodeStateLines(of: NodeStateExplanation, { withResources = true } = {}): readonly string[] {
  // Its name stands before the colon already.
  const said = of.reasons.map(({ text }) =>
    text.startsWith(`${of.node} `) ? text.slice(of.node.length + 1).replace(/^is /, '') : text,
  )
  const lines = [`${of.node}: ${said.length > 0 ? said.join('; ') : 'online'}.`]
  if (of.fencing !== undefined) {
    const verb = of.fencing.isPossible ? 'is to be fenced' : 'should be fenced, but cannot be'
    const { reason } = of.fencing
    lines.push(`  * it ${verb}${reason === undefined ? '' : `: ${reason}`}`)
    if (of.fencing.remedy !== undefined) lines.push(`      to fence it: ${of.fencing.remedy}`)
  }
  const remedies = new Set(of.reasons.flatMap(({ remedy }) => remedy ?? []))
  for (const remedy of remedies) lines.push(`  * to use it: ${remedy}`)
  if (withResources) lines.push(`  runs there: ${listText(of.running)}`, `  is to run there: ${listText(of.next)}`)
  return lines
}

function listText(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ')
}

function instanceLines(of: InstanceExplanation, nodes: readonly NodeExplanation[]): string[] {
  const lines = [`${of.id}: ${of.summary}.`]
  for (const { text, remedy } of of.general) {
    lines.push(`  * ${text}`)
    if (remedy !== undefined) lines.push(`      to change that: ${remedy}`)
  }
  if (of.promotion !== undefined) lines.push(...promotionLines(of.promotion))
  for (const action of of.actions) {
    const where = action.node === undefined ? '' : ` on ${action.node}`
    const waits = action.isRunnable ? '' : ', which cannot be done now'
    lines.push(`  * due: ${action.task}${where}${waits}${because(action)}`)
    for (const { text, way, isOwn } of action.waitsFor) {
      lines.push(
        `      ${isOwn ? 'what keeps it:' : 'it waits for'} ${text}`,
        ...way.map((step) => `        ${step.text}`),
      )
    }
    for (const text of action.remedies) lines.push(`      for that: ${text}`)
  }
  const names = new Set(nodes.map(({ node }) => node))
  for (const node of nodes) lines.push(...nodeLines(node, names))
  return lines
}

/** How an instance stands, what is to become of it, and why. */
export function summaryText(of: Outcome): string {
  return `${outlookText(of)}${of.mainReason === undefined ? '' : `: ${of.mainReason}`}`
}

/** How an instance stands, and what is to become of it. */
export function outlookText(of: Outcome): string {
  return `${nowText(of)}; ${nextText(of)}`
}

/** What the first line of an explanation is made of. */
type Outcome = Pick<
  InstanceExplanation,
  'assigned' | 'nextRole' | 'isStarting' | 'runningOn' | 'role' | 'actions' | 'mainReason'
>

function nowText({ runningOn, role: now, isStarting }: Outcome): string {
  if (runningOn.length === 0) return 'stopped'
  if (isStarting && runningOn.length === 1) return `is being started on ${runningOn.join(', ')}`
  const as = now === roleText(role.started) ? '' : ` as ${now}`
  return `runs on ${runningOn.join(', ')}${as}`
}

function nextText(of: Outcome): string {
  const { assigned, nextRole, runningOn, actions } = of
  const stops = actions.filter((action) => action.task === task.stop)
  const canStop = stops.some(({ isRunnable }) => isRunnable)
  if (assigned === undefined || nextRole === roleText(role.stopped)) {
    if (runningOn.length === 0) return 'is to stay stopped'
    if (stops.length === 0) return 'is to be left as it is'
    return canStop ? 'is to stop' : 'is to stop, which cannot be done now'
  }
  const find = (name: string) => actions.find((action) => action.task === name && action.node === assigned)
  const [start, promote] = [find(task.start), find(task.promote)]
  const isUnpromoted = promote !== undefined && !promote.isRunnable
  const as = nextRole === roleText(role.started) || isUnpromoted ? '' : ` as ${nextRole}`
  if (start !== undefined && !start.isRunnable) {
    if (stops.length > 0 && !canStop) return `is to be restarted, which cannot be done now`
    const cannot = `cannot be started on ${assigned} now${as}`
    return canStop ? `is to stop, and ${cannot}` : cannot
  }
  const next = placeText(of, assigned, start, as)
  return isUnpromoted ? `${next}, and cannot be promoted there now` : next
}

/** Where it is to be, where nothing keeps it from that. */
function placeText(of: Outcome, assigned: string, start: DueAction | undefined, as: string): string {
  const { runningOn, role: now, nextRole, actions } = of
  const isMigrated = actions.some(({ task: name, isRunnable }) => isRunnable && name === task.migrateFrom)
  if (isMigrated && runningOn.includes(assigned)) return `its live migration to ${assigned} is to be finished`
  if (isMigrated) return `is to be migrated live to ${assigned}${as}`
  if (!runningOn.includes(assigned)) return `is to run on ${assigned}${as}`
  const goesOn = of.isStarting && actions.every(({ task: name }) => name !== task.stop)
  if (start !== undefined && !goesOn) {
    return runningOn.length > 1 ? `is to be restarted on ${assigned} only${as}` : `is to be restarted there${as}`
  }
  if (runningOn.length > 1)
    return actions.length === 0 ? 'is to be left as it is' : `is to run on ${assigned} only${as}`
  return now === nextRole || as === '' ? 'is to stay' : `is to be there${as}`
}

function promotionLines(of: PromotionExplanation): readonly string[] {
  const { isPromoted, score, node, reasons, whyNot, remedies } = of
  const head = isPromoted
    ? `it is to be promoted: promotion score ${scoreText(score)} on ${node}`
    : `it is not to be promoted: ${whyNot ?? ''}`
  return [
    `  * ${head}`,
    ...reasons.flatMap((reason) => reasonLines(reason, '      ')),
    ...remedyLines(of, remedies, 'to promote it'),
    ...trialLines(of),
  ]
}

/** @param shown nodes that are told of themselves */
function nodeLines(of: NodeExplanation, shown: ReadonlySet<string>): string[] {
  const score = of.score === undefined ? 'no candidate' : `score ${scoreText(of.score)}`
  const lines = [`  ${of.isChosen ? '+' : '-'} ${of.node}: ${score}${of.isChosen ? ', chosen' : ''}`]
  for (const reason of of.reasons) lines.push(...reasonLines(reason, '      '))
  const { outdoneBy } = of
  if (outdoneBy !== undefined && outdoneBy.reasons.length > 0 && !shown.has(outdoneBy.node)) {
    lines.push(`      ${outdoneBy.node}, where it is to run, has ${scoreText(outdoneBy.score ?? 0)}:`)
    for (const reason of outdoneBy.reasons) lines.push(...reasonLines(reason, '        '))
  }
  lines.push(...remedyLines(of, of.remedies, 'to run here'), ...trialLines(of))
  return lines
}

/** What has to change: at once, or step by step. */
function remedyLines(of: Trial, remedies: readonly string[], what: string): readonly string[] {
  if (of.steps.length < 2) return remedies.map((text) => `      ${isShort(of) ? 'needed' : what}: ${text}`)
  return [
    `      ${what}, each step once the cluster has done what follows from the one before:`,
    ...of.steps.flatMap((step, i) => step.remedies.map((text) => `        ${i + 1}. ${text}`)),
  ]
}

/** Whether remedies were seen to do, how to see it, and what else they do. */
function trialLines(of: Trial): readonly string[] {
  if (of.whatIf !== undefined) {
    const besides = [...new Set(of.steps.flatMap(({ effects }) => effects || []))].join('; ')
    return [
      ...(of.whatIf.length > 0 ? [`      try: quorate what-if ${shellWords(of.whatIf)}`] : []),
      ...(besides === '' ? [] : [`      besides: ${besides}`]),
    ]
  }
  if (!isShort(of)) return []
  return [`      not enough: ${of.shortfall ?? 'more has to change than could be tried'}`]
}

/** What was tried, and how that went. */
type Trial = Pick<NodeExplanation, 'isTried' | 'whatIf' | 'shortfall' | 'steps'>

/** True where what is known to be needed was tried, and is not enough. */
function isShort({ isTried, whatIf }: Trial): boolean {
  return isTried && whatIf === undefined
}

function reasonLines(reason: Reason, indent: string): readonly string[] {
  // What a wish is made of matters where it decides: the rest is in the JSON.
  const isDecisive = Math.abs(reason.score ?? 0) >= infinity
  const parts = isDecisive ? reason.because.filter(({ score }) => Math.abs(score ?? 0) >= infinity) : reason.because
  return [`${indent}${signed(reason)}  ${reason.text}`, ...parts.flatMap((part) => reasonLines(part, `${indent}    `))]
}

/** Words as a shell takes them. */
function shellWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

const scoreWidth = 9

function signed({ score }: Reason): string {
  if (score === undefined) return 'excluded'.padStart(scoreWidth)
  return `${score > 0 ? '+' : ''}${scoreText(score)}`.padStart(scoreWidth)
}

/** Why something is done: what logs have as plain words is told in theirs. */
function because({ reason, why }: DueAction): string {
  if (why === undefined) return ''
  return why === reason ? `, because of ${why}` : `: ${why}`
}
