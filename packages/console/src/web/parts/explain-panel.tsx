import { type Explanation, infiniteScore } from '../../api/index.ts'
import { useModel } from '../console-model.ts'
import { useObservable } from '../observable.ts'
import type { Texts } from '../texts/en.ts'
import { useTexts } from '../texts/language.ts'
import { useAnswer } from './answer.ts'
import { PanelFrame } from './panel-frame.tsx'
import { ProblemText } from './problem-text.tsx'

type ExplainPanelProps = { readonly resource: string; readonly node: string | undefined }

/** Why a resource is where it is, and what would have to change for it to be elsewhere. */
export function ExplainPanel({ resource, node }: ExplainPanelProps) {
  const texts = useTexts()
  const model = useModel()
  const { snapshot } = useObservable(model.store.state)
  const { answer, askAgain } = useAnswer(JSON.stringify([resource, node]), () => model.server.explain(resource, node))
  return (
    <PanelFrame title={texts.explainTitle({ resource })}>
      <label>
        {texts.ofNode}{' '}
        <select
          value={node ?? ''}
          onChange={(event) => {
            const chosen = event.target.value
            model.show({ kind: 'explain', resource, node: chosen === '' ? undefined : chosen })
          }}
        >
          <option value="">*</option>
          {snapshot?.nodes.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={askAgain}>
        {texts.askAgain}
      </button>
      {answer === undefined && <p role="status">{texts.asking}</p>}
      {answer?.ok === false && <ProblemText problem={answer.problem} />}
      {answer?.ok === true && <ExplanationBody explanation={answer.value} />}
    </PanelFrame>
  )
}

function ExplanationBody({ explanation }: { readonly explanation: Explanation }) {
  const texts = useTexts()
  return (
    <>
      {explanation.fencing.length > 0 && (
        <p className="bad">⚠ {texts.fenced({ nodes: explanation.fencing.map((one) => one.node).join(', ') })}</p>
      )}
      {explanation.instances.map((instance) => (
        <section key={instance.id} aria-label={instance.id}>
          <h3>{instance.id}</h3>
          <p lang="en">
            <b>{instance.summary}</b>
          </p>
          <ul lang="en">
            {instance.general.map((general) => (
              <li key={general.text} className={general.isObstacle ? 'bad' : undefined}>
                {general.text}
                {general.remedy !== null && ` – ${general.remedy}`}
              </li>
            ))}
          </ul>
          {instance.nodes.map((node) => (
            <details key={node.node} open={instance.nodes.length === 1}>
              <summary>
                <b>{node.node}</b> {texts.score}: {scoreText(texts, node.score)}
                {node.isChosen && <span className="badge">✔ {texts.chosen}</span>}
                {node.isRunningNow && <span className="badge">▶ {texts.runsHere}</span>}
              </summary>
              <ul lang="en">
                {node.reasons.map((reason) => (
                  <li key={`${reason.kind} ${reason.constraint} ${reason.text}`}>
                    <code>{scoreText(texts, reason.score)}</code> {reason.text}
                    {reason.constraint !== null && <> ({reason.constraint})</>}
                  </li>
                ))}
              </ul>
              {node.outdoneBy !== null && <p>{texts.outdoneBy({ node: node.outdoneBy.node })}</p>}
              {node.remedies.length > 0 && (
                <>
                  <p>{texts.remedies}:</p>
                  <ul lang="en">
                    {node.remedies.map((remedy) => (
                      <li key={remedy}>{remedy}</li>
                    ))}
                  </ul>
                </>
              )}
              {node.shortfall !== null && <p lang="en">{node.shortfall}</p>}
            </details>
          ))}
        </section>
      ))}
      <details>
        <summary>{texts.wholeText}</summary>
        <pre lang="en">{explanation.lines.join('\n')}</pre>
      </details>
    </>
  )
}

function scoreText(texts: Texts, score: number | null): string {
  if (score === null) return texts.noCandidate
  if (score >= infiniteScore) return `+${texts.infinity}`
  if (score <= -infiniteScore) return `−${texts.infinity}`
  return String(score)
}
