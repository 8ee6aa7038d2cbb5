import { task } from '../action/key.ts'
import { role, roleText } from '../model/role.ts'
import { scoreText } from '../score.ts'
import type { Explanation, InstanceExplanation, NodeExplanation, NodeStateExplanation, Reason } from './reason.ts'

/** An explanation as lines for people. */
export function explanationLines(of: Explanation): readonly string[] {
  const lines = of.instances.flatMap(instanceLines)
  for (const { node, reason } of of.fencing) lines.push(`${node} is to be fenced${because(reason)}.`)
  return lines
}

/** An explanation of a node as lines for people. */
export function nodeStateLines(of: NodeStateExplanation): readonly string[] {
  const isPlain = of.reasons.length === 0 && of.fencing === undefined
  const lines = [`${of.node}: ${isPlain ? 'online' : of.reasons.map(({ text }) => text).join('; ')}.`]
  if (of.fencing !== undefined) {
    const verb = of.fencing.isPossible ? 'is to be fenced' : 'should be fenced, but cannot be'
    lines.push(`  * it ${verb}${because(of.fencing.reason)}`)
    if (!of.fencing.isPossible) {
      lines.push('      to fence it: stonith-enabled=true, a fence device, and quorum are needed')
    }
  }
  for (const { remedy } of of.reasons) if (remedy !== undefined) lines.push(`  * to use it: ${remedy}`)
  lines.push(`  runs there: ${listText(of.running)}`, `  is to run there: ${listText(of.next)}`)
  return lines
}

function listText(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ')
}

function instanceLines(of: InstanceExplanation): string[] {
  const lines = [`${of.id}: ${nowText(of)}; ${nextText(of)}.`]
  for (const text of of.general) lines.push(`  * ${text}`)
  for (const action of of.actions) {
    const where = action.node === undefined ? '' : ` on ${action.node}`
    const how = action.remedy === undefined ? '' : ` (${action.remedy})`
    const waits = action.isRunnable ? '' : `, which cannot be done now${how}`
    lines.push(`  * due: ${action.task}${where}${because(action.reason)}${waits}`)
  }
  for (const node of of.nodes) lines.push(...nodeLines(node))
  return lines
}

function nowText({ runningOn, role: now }: InstanceExplanation): string {
  if (runningOn.length === 0) return 'stopped'
  const as = now === roleText(role.started) ? '' : ` as ${now}`
  return `runs on ${runningOn.join(', ')}${as}`
}

function nextText({ assigned, nextRole, runningOn, role: now, actions }: InstanceExplanation): string {
  if (assigned === undefined || nextRole === roleText(role.stopped)) {
    return runningOn.length === 0 ? 'is to stay stopped' : 'is to stop'
  }
  const as = nextRole === roleText(role.started) ? '' : ` as ${nextRole}`
  const restarts = actions.some((action) => action.task === task.start && action.node === assigned)
  if (runningOn.includes(assigned) && restarts) return `is to be restarted there${as}`
  if (runningOn.length === 1 && runningOn[0] === assigned)
    return now === nextRole ? 'is to stay' : `is to be there${as}`
  return `is to run on ${assigned}${as}`
}

function nodeLines(of: NodeExplanation): string[] {
  const score = of.score === undefined ? 'no candidate' : `score ${scoreText(of.score)}`
  const lines = [`  ${of.isChosen ? '+' : '-'} ${of.node}: ${score}${of.isChosen ? ', chosen' : ''}`]
  for (const reason of of.reasons) lines.push(`      ${signed(reason)}  ${reason.text}`)
  for (const remedy of of.remedies) lines.push(`      to run here: ${remedy}`)
  return lines
}

const scoreWidth = 9

function signed({ score }: Reason): string {
  if (score === undefined) return 'excluded'.padStart(scoreWidth)
  return `${score > 0 ? '+' : ''}${scoreText(score)}`.padStart(scoreWidth)
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `, because of ${reason}`
}
