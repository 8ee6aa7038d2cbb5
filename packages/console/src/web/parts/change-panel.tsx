import { useState } from 'react'
import type { Preview, TargetPreview } from '../../api/index.ts'
import { differingTargets, willCount } from '../change-flow.ts'
import { useModel } from '../console-model.ts'
import { useObservable } from '../observable.ts'
import type { Texts } from '../texts/en.ts'
import { useTexts } from '../texts/language.ts'
import { OperationResult } from './operation-result.tsx'
import { PanelFrame } from './panel-frame.tsx'
import { PlanList, RestLine } from './plan-list.tsx'
import { ProblemText } from './problem-text.tsx'

/** Targets of one outcome, side effects and warnings that are drawn; the rest is counted. */
const targetsShownMax = 200

/** A change from its preview to its result. */
export function ChangePanel() {
  const texts = useTexts()
  const model = useModel()
  const flow = useObservable(model.change.flow)
  const dismiss = (): void => model.change.dismiss()
  switch (flow.step) {
    case 'idle':
      return <PanelFrame title={texts.preview}>{null}</PanelFrame>
    case 'previewing':
      return (
        <PanelFrame title={texts.preview} onClose={dismiss}>
          {flow.replaced !== undefined && <p role="alert">{texts.previewReplaced}</p>}
          <p role="status">{texts.previewing}</p>
        </PanelFrame>
      )
    case 'previewed':
    case 'applying': {
      const replaced = flow.step === 'previewed' ? flow.replaced : undefined
      return (
        <PanelFrame title={`${texts.preview}: ${requestTitle(texts, flow.preview.request)}`} onClose={dismiss}>
          {replaced !== undefined && <p role="alert">{texts.previewReplaced}</p>}
          <PreviewBody
            key={flow.key}
            preview={flow.preview}
            differing={differingTargets(replaced, flow.preview)}
            isApplying={flow.step === 'applying'}
          />
        </PanelFrame>
      )
    }
    case 'begun':
      return <BegunOperation id={flow.operation} />
    case 'refused':
      return (
        <PanelFrame title={texts.refused} onClose={dismiss}>
          <ProblemText problem={flow.problem} />
          <button type="button" onClick={() => void model.change.retry()}>
            {texts.retry}
          </button>
        </PanelFrame>
      )
    default:
      return flow satisfies never
  }
}

/** An operation in words: `Move 17 to node-03`. */
export function requestTitle(texts: Texts, request: Preview['request']): string {
  const count = request.targets.length
  if (request.kind === 'move') return texts.requestTitle.move({ count, to: request.args.to })
  return request.kind === 'ban'
    ? texts.requestTitle.ban({ count, from: request.args.from })
    : texts.requestTitle.other({ action: texts.action[request.kind], count })
}

type PreviewBodyProps = {
  readonly preview: Preview
  readonly differing: ReadonlySet<string>
  readonly isApplying: boolean
}

function PreviewBody({ preview, differing, isApplying }: PreviewBodyProps) {
  const texts = useTexts()
  const model = useModel()
  const [typed, setTyped] = useState('')
  const counts = { will: willCount(preview), already: 0, cannot: 0 }
  counts.already = preview.targets.filter((target) => target.outcome === 'already').length
  counts.cannot = preview.targets.length - counts.will - counts.already
  const words = preview.typedConfirmation
  const action = texts.action[preview.request.kind].replace('…', '')
  return (
    <>
      <p>
        <b>{texts.outcomeCount(counts)}</b>
        <br />
        <small>{texts.previewedOn({ version: preview.cibVersion })}</small>
      </p>
      {preview.fenced.length > 0 && <p className="bad">⚠ {texts.fenced({ nodes: preview.fenced.join(', ') })}</p>}
      {preview.warnings.length > 0 && (
        <section aria-label={texts.warnings}>
          <h3>{texts.warnings}</h3>
          <ul lang="en">
            {preview.warnings.slice(0, targetsShownMax).map((warning) => (
              <li key={`${warning.code} ${warning.text}`}>⚠ {warning.text}</li>
            ))}
            <RestLine shown={targetsShownMax} all={preview.warnings.length} />
          </ul>
        </section>
      )}
      <form
        className="apply"
        onSubmit={(event) => {
          event.preventDefault()
          void model.change.apply(words === null ? undefined : typed)
        }}
      >
        {words !== null && (
          <label>
            {texts.confirmation({ words })}
            <input value={typed} onChange={(event) => setTyped(event.target.value)} />
          </label>
        )}
        <button
          type="submit"
          className="primary"
          disabled={isApplying || counts.will === 0 || (words !== null && typed !== words)}
        >
          {isApplying ? texts.applying : texts.apply({ action, count: counts.will })}
        </button>
      </form>
      {(['cannot', 'will', 'already'] as const).map((outcome) => (
        <TargetList
          key={outcome}
          outcome={outcome}
          targets={preview.targets.filter((target) => target.outcome === outcome)}
          differing={differing}
        />
      ))}
      <section aria-label={texts.sideEffects}>
        <h3>{texts.sideEffects}</h3>
        {preview.sideEffects.length === 0 && <p>{texts.noSideEffects}</p>}
        <ul>
          {preview.sideEffects.slice(0, targetsShownMax).map((effect) => (
            <li key={`${effect.resource} ${effect.change}`}>
              <b>{effect.resource}</b> {texts.change[effect.change]} <FromTo from={effect.from} to={effect.to} />
              {effect.text !== null && <span lang="en"> – {effect.text}</span>}
            </li>
          ))}
          <RestLine shown={targetsShownMax} all={preview.sideEffects.length} />
        </ul>
      </section>
      <PlanList title={texts.plan} plan={preview.plan} />
      {preview.commands.length > 0 && (
        <details>
          <summary>{texts.commands}</summary>
          <pre>{preview.commands.join('\n')}</pre>
        </details>
      )}
    </>
  )
}

type TargetListProps = {
  readonly outcome: TargetPreview['outcome']
  readonly targets: readonly TargetPreview[]
  readonly differing: ReadonlySet<string>
}

function TargetList({ outcome, targets, differing }: TargetListProps) {
  const texts = useTexts()
  if (targets.length === 0) return null
  const sign = outcome === 'will' ? '✔' : outcome === 'already' ? '–' : '✖'
  return (
    <section aria-label={texts.outcome[outcome]} className={`outcome-${outcome}`}>
      <h3>
        <span aria-hidden="true">{sign}</span> {texts.outcome[outcome]} ({targets.length})
      </h3>
      <ul>
        {targets.slice(0, targetsShownMax).map((target) => (
          <li key={target.target}>
            <b>{target.target}</b>
            {target.effective !== target.target && <> ({texts.lifted({ root: target.effective })})</>}{' '}
            {outcome === 'will' && <FromTo from={target.from} to={target.to} />}
            {target.reason !== null && (
              <>
                {texts.reason[target.reason.code]} <span lang="en">– {target.reason.text}</span>
              </>
            )}
            {differing.has(target.target) && <span className="badge differs">{texts.differs}</span>}
          </li>
        ))}
        <RestLine shown={targetsShownMax} all={targets.length} />
      </ul>
    </section>
  )
}

function FromTo({ from, to }: { readonly from: readonly string[]; readonly to: readonly string[] }) {
  const texts = useTexts()
  if (from.length === 0 && to.length === 0) return null
  const named = (nodes: readonly string[]): string => (nodes.length === 0 ? texts.nowhere : nodes.join(', '))
  return <>{texts.fromTo({ from: named(from), to: named(to) })} </>
}

function BegunOperation({ id }: { readonly id: string }) {
  const texts = useTexts()
  const model = useModel()
  const { operations } = useObservable(model.store.state)
  const operation = operations.get(id)
  if (operation === undefined) return <PanelFrame title={texts.operations}>{null}</PanelFrame>
  return (
    <PanelFrame title={requestTitle(texts, operation.request)} onClose={() => model.change.dismiss()}>
      <OperationResult operation={operation} />
    </PanelFrame>
  )
}
