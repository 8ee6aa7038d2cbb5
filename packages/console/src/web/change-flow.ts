import type { Operation, OperationInput, Preview } from '../api/index.ts'
import type { Answer, Problem } from './server.ts'

/** How far a change is that a person wants: previewed, then applied with exactly what the preview was made on. */
export type ChangeFlow =
  | { readonly step: 'idle' }
  | { readonly step: 'previewing'; readonly request: OperationInput; readonly replaced: Preview | undefined }
  | {
      readonly step: 'previewed'
      readonly request: OperationInput
      readonly preview: Preview
      /** Idempotency-Key of this preview: however often it is sent, it is one operation. */
      readonly key: string
      /** The preview before the cluster changed; nothing where this is the first one. */
      readonly replaced: Preview | undefined
    }
  | ({ readonly step: 'applying'; readonly request: OperationInput } & Applied)
  | { readonly step: 'begun'; readonly operation: string }
  | {
      readonly step: 'refused'
      readonly request: OperationInput
      readonly problem: Problem
      /** Where it was refused on being applied: what it can be sent again with. */
      readonly applied: Applied | undefined
    }

/** What a change was sent with; sent again with the same it is the same operation. */
export type Applied = {
  readonly preview: Preview
  readonly key: string
  /** What a person typed, where the preview asks for it. */
  readonly confirmation: string | undefined
}

export const noChange: ChangeFlow = { step: 'idle' }

/** The flow once the server has answered a request for a preview. */
export function afterPreview(
  flow: Extract<ChangeFlow, { step: 'previewing' }>,
  answer: Answer<Preview>,
  key: string,
): ChangeFlow {
  const { request, replaced } = flow
  return answer.ok
    ? { step: 'previewed', request, preview: answer.value, key, replaced }
    : { step: 'refused', request, problem: answer.problem, applied: undefined }
}

/**
 * The flow once the server has answered the change itself. Where the cluster changed since the preview nothing was done,
 * and the next step is another preview.
 */
export function afterApply(flow: Extract<ChangeFlow, { step: 'applying' }>, answer: Answer<Operation>): ChangeFlow {
  const { request, preview, key, confirmation } = flow
  if (answer.ok) return { step: 'begun', operation: answer.value.id }
  if (answer.problem.code === 'cibChanged') return { step: 'previewing', request, replaced: preview }
  return { step: 'refused', request, problem: answer.problem, applied: { preview, key, confirmation } }
}

/** How many targets a preview says will change. */
export function willCount(preview: Preview): number {
  return preview.targets.filter((target) => target.outcome === 'will').length
}

/** Targets of which a preview says something else than the one before it. */
export function differingTargets(replaced: Preview | undefined, preview: Preview): ReadonlySet<string> {
  if (replaced === undefined) return new Set()
  const said = (target: Preview['targets'][number]): string =>
    JSON.stringify([target.outcome, target.reason?.code ?? null, target.from, target.to])
  const before = new Map(replaced.targets.map((target) => [target.target, said(target)]))
  return new Set(
    preview.targets.filter((target) => before.get(target.target) !== said(target)).map((target) => target.target),
  )
}
