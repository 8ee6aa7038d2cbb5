import type { Supposition, WhatIf } from '../../api/index.ts'
import { useModel } from '../console-model.ts'
import type { Texts } from '../texts/en.ts'
import { useTexts } from '../texts/language.ts'
import { useAnswer } from './answer.ts'
import { PanelFrame } from './panel-frame.tsx'
import { NameList, PlanList } from './plan-list.tsx'
import { ProblemText } from './problem-text.tsx'

/** Lines of a list that are drawn; the rest is counted. */
const shownMax = 200

/** What the cluster would do if something happened. Nothing is changed. */
export function WhatIfPanel({ supposition }: { readonly supposition: Supposition }) {
  const texts = useTexts()
  const model = useModel()
  const { answer, askAgain } = useAnswer(JSON.stringify(supposition), () => model.server.whatIf(supposition))
  return (
    <PanelFrame title={`${texts.whatIf}: ${suppositionText(texts, supposition)}`}>
      <button type="button" onClick={askAgain}>
        {texts.askAgain}
      </button>
      {answer === undefined && <p role="status">{texts.asking}</p>}
      {answer?.ok === false && <ProblemText problem={answer.problem} />}
      {answer?.ok === true && <WhatIfBody whatIf={answer.value} />}
    </PanelFrame>
  )
}

function suppositionText(texts: Texts, supposition: Supposition): string {
  const choices = texts.whatIfChoices
  if (supposition.nodesLost !== undefined) return `${choices.nodesLost} (${supposition.nodesLost.join(', ')})`
  if (supposition.nodesOnStandby !== undefined) {
    return `${choices.nodesOnStandby} (${supposition.nodesOnStandby.join(', ')})`
  }
  if (supposition.failures !== undefined) {
    return `${choices.failures} (${supposition.failures.map((failure) => failure.resource).join(', ')})`
  }
  return choices.quorumLost
}

function WhatIfBody({ whatIf }: { readonly whatIf: WhatIf }) {
  const texts = useTexts()
  const isNothing = whatIf.plan.length === 0 && whatIf.changes.length === 0 && whatIf.down.length === 0
  return (
    <>
      <p>
        <b lang="en">{whatIf.summary}</b>
        <br />
        <small>{texts.whatIfUnchanged}</small>
      </p>
      {isNothing && <p>{texts.whatIfNothing}</p>}
      {whatIf.fenced.length > 0 && <p className="bad">⚠ {texts.fenced({ nodes: whatIf.fenced.join(', ') })}</p>}
      <NameList title={texts.lost} names={whatIf.lost} />
      <NameList title={texts.down} names={whatIf.down} />
      <NameList title={texts.restarted} names={whatIf.restarted} />
      {!whatIf.isComplete && (
        <p className="bad">
          ✖ {texts.standstill} <span lang="en">{whatIf.standstill}</span>
        </p>
      )}
      {[...whatIf.risks, ...whatIf.problems].length > 0 && (
        <section aria-label={texts.risks}>
          <h3>{texts.risks}</h3>
          <ul lang="en">
            {[...whatIf.risks, ...whatIf.problems].map((risk) => (
              <li key={risk}>⚠ {risk}</li>
            ))}
          </ul>
        </section>
      )}
      {whatIf.changes.length > 0 && (
        <section aria-label={texts.changes}>
          <h3>
            {texts.changes} ({whatIf.changes.length})
          </h3>
          <ul>
            {whatIf.changes.slice(0, shownMax).map((change) => (
              <li key={change.id}>
                <b>{change.id}</b>{' '}
                {texts.fromTo({ from: placeText(texts, change.before), to: placeText(texts, change.after) })}
              </li>
            ))}
            {whatIf.changes.length > shownMax && <li>… +{whatIf.changes.length - shownMax}</li>}
          </ul>
        </section>
      )}
      <PlanList title={texts.plan} plan={whatIf.plan} />
      <PlanList title={texts.later} plan={whatIf.later} />
      <PlanList title={texts.due} plan={whatIf.due} />
    </>
  )
}

function placeText(texts: Texts, placement: WhatIf['changes'][number]['before']): string {
  return placement.nodes.length === 0 ? texts.nowhere : `${placement.nodes.join(', ')} (${placement.role})`
}
