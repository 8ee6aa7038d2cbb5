import { failed, ok, type Result } from '@quorate/base'
import { usableCib, versionOf, versionText } from '@quorate/cib'
import {
  type ConfigurationProblem,
  configurationProblems,
  type Explanation as Explained,
  explain,
  explanationLines,
  type StatusOptions,
  type WhatIf as Supposed,
  schedule,
  whatIf,
} from '@quorate/scheduler'
import type { XmlElement } from '@quorate/xml'
import type { Explanation } from '../api/explanation.ts'
import type { OperationRequest, Preview } from '../api/operation.ts'
import type { Supposition, WhatIf } from '../api/what-if.ts'
import { foresee, plannedView, type Refusal } from './preview.ts'
import type { Analysis } from './snapshot.ts'

/** What the scheduler is asked about a CIB; none of it changes anything. */
export type Question =
  | { readonly kind: 'analyse' }
  | { readonly kind: 'preview'; readonly request: OperationRequest }
  | { readonly kind: 'explain'; readonly resource: string; readonly node: string | undefined }
  | { readonly kind: 'what-if'; readonly supposition: Supposition }

/** What it answers to each. */
export type Answers = {
  analyse: Analysis
  preview: Preview
  explain: Explanation
  'what-if': WhatIf
}

/** The answer to a question, of the kind of the question. */
export type Answer = Result<Answers[keyof Answers], Refusal>

/** The operation's name in constraints that are only supposed. */
const supposedOperation = 'preview'

/**
 * Answers questions about one CIB after the other. What only depends on the configuration is remembered for as long as
 * that stays.
 */
export class Oracle {
  #problems: { readonly epoch: string; readonly found: readonly ConfigurationProblem[] } | undefined

  /** @throws never for a CIB that was read */
  answer(raw: XmlElement, question: Question, options: StatusOptions): Answer {
    const usable = usableCib(raw)
    if (!usable.ok) return failed({ code: 'unprocessable', detail: usable.reason, params: {} })
    const { cib } = usable
    const cibVersion = versionText(versionOf(raw))
    switch (question.kind) {
      case 'analyse':
        return ok(this.#analysis(cib, cibVersion, options))
      case 'preview': {
        const stamp = { operation: supposedOperation, nowSeconds: options.nowSeconds }
        const found = foresee(cib, question.request, options, stamp)
        return found.ok ? ok({ ...found.value.preview, cibVersion }) : found
      }
      case 'explain': {
        const found = explain(cib, question.resource, question.node, options)
        return found.ok ? ok(explanationView(found.value)) : failed(unknown(found.error))
      }
      case 'what-if': {
        const found = whatIf(cib, question.supposition as Parameters<typeof whatIf>[1], options)
        if (!found.ok) return failed(unknown(found.error))
        return ok(whatIfView(found.value, question.supposition, cibVersion))
      }
      default:
        return question satisfies never
    }
  }

  #analysis(cib: XmlElement, cibVersion: string, options: StatusOptions): Analysis {
    const epoch = cibVersion.split('.').slice(0, 2).join('.')
    if (this.#problems?.epoch !== epoch) this.#problems = { epoch, found: configurationProblems(cib, options) }
    const isIdle = schedule(cib, options).graph.children.length === 0
    return { cibVersion, isIdle, problems: this.#problems.found }
  }
}

function unknown(detail: string): Refusal {
  return { code: 'unprocessable', detail, params: {} }
}

function explanationView(found: Explained): Explanation {
  return {
    resource: found.resource,
    instances: found.instances.map((instance) => ({
      id: instance.id,
      summary: instance.summary,
      role: instance.role,
      nextRole: instance.nextRole,
      runningOn: [...instance.runningOn],
      assigned: instance.assigned ?? null,
      mainReason: instance.mainReason ?? null,
      general: instance.general.map(({ text, remedy, isObstacle }) => ({ text, remedy: remedy ?? null, isObstacle })),
      nodes: instance.nodes.map((node) => ({
        node: node.node,
        score: node.score ?? null,
        isChosen: node.isChosen,
        isRunningNow: node.isRunningNow,
        reasons: node.reasons.map(({ kind, constraint, score, text, remedy }) => ({
          kind,
          constraint: constraint ?? null,
          score: score ?? null,
          text,
          remedy: remedy ?? null,
        })),
        outdoneBy:
          node.outdoneBy === undefined ? null : { node: node.outdoneBy.node, score: node.outdoneBy.score ?? null },
        remedies: [...node.remedies],
        shortfall: node.shortfall ?? null,
      })),
    })),
    fencing: found.fencing.map(({ node, reason }) => ({ node, reason: reason ?? null })),
    loops: found.loops.map(({ text }) => text),
    lines: [...explanationLines(found)],
  }
}

function whatIfView(found: Supposed, supposition: Supposition, cibVersion: string): WhatIf {
  return {
    cibVersion,
    supposition,
    summary: found.summary,
    plan: found.plan.map(plannedView),
    later: found.later.map(plannedView),
    due: found.due.map(plannedView),
    changes: found.changes.map(({ id, before, after }) => ({
      id,
      before: { nodes: [...before.nodes], role: before.role },
      after: { nodes: [...after.nodes], role: after.role },
    })),
    down: [...found.down],
    restarted: [...found.restarted],
    fenced: [...found.fenced],
    lost: [...found.lost],
    problems: found.problems.map(({ text }) => text),
    risks: found.risks.map(({ text }) => text),
    isComplete: found.isComplete,
    standstill: found.standstill ?? null,
  }
}
