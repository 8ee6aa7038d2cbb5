import { useState } from 'react'
import type { ClusterHost, ClusterSummary } from '../../api/index.ts'
import { canRetry, type Step, stepsOf } from '../fleet-cards.ts'
import type { FleetModel } from '../fleet-model.ts'
import type { Answer, Problem } from '../server.ts'
import { momentText, useTexts } from '../texts/language.ts'
import { ProblemText } from './problem-text.tsx'

type HostStepsProps = {
  readonly model: FleetModel
  readonly cluster: ClusterSummary
  readonly host: ClusterHost
}

const signs: Readonly<Record<Step['state'], string>> = { done: '✔', running: '◌', failed: '✖', waiting: '·' }

/** One host: how far it was reached, why not further, and what can be done about that. */
export function HostSteps({ model, cluster, host }: HostStepsProps) {
  const texts = useTexts()
  const [problem, setProblem] = useState<Problem>()
  const [isSaved, setSaved] = useState(false)
  const { failure, key } = host
  const mayConnect = model.session.connect === true
  const ask = async (answer: Promise<Answer<unknown>>): Promise<void> => {
    const said = await answer
    setProblem(said.ok ? undefined : said.problem)
  }
  return (
    <li className="host">
      <h4>
        {host.text}
        {host.node !== null && host.node !== host.text && <small> {host.node}</small>}
        {host.isActive && <span className="badge">{texts.fleet.isActive}</span>}
      </h4>
      <ol className="steps">
        {stepsOf(host).map(({ stage, state, detail }) => (
          <li key={stage} className={state} title={detail}>
            <span aria-hidden="true">{signs[state]}</span> {texts.fleet.stage[stage]}
            <span className="unseen">
              {' '}
              {texts.fleet.stepState[state]} {detail}
            </span>
          </li>
        ))}
      </ol>
      {failure !== null && (
        <div role="status">
          <p className="bad">✖ {texts.fleet.failure[failure.code]}</p>
          {failure.remedy !== null && <pre>{failure.remedy}</pre>}
          {failure.detail !== '' && (
            <p lang="en" className="quote">
              {failure.detail}
            </p>
          )}
          {host.retryAt !== null && <p>{texts.fleet.retryAt({ at: momentText(texts, host.retryAt) })}</p>}
        </div>
      )}
      {key !== null && (
        <div className="host-key">
          <p>
            {texts.fleet.keyOf(key)}: <code>{key.fingerprint}</code>
          </p>
          {mayConnect && (
            <p>
              <label className="check">
                <input type="checkbox" checked={isSaved} onChange={(event) => setSaved(event.target.checked)} />
                {texts.fleet.save}
              </label>{' '}
              <button
                type="button"
                onClick={() =>
                  void ask(model.server.acceptKey(cluster.id, host.id, { fingerprint: key.fingerprint, save: isSaved }))
                }
              >
                {texts.fleet.accept}
              </button>
            </p>
          )}
        </div>
      )}
      {mayConnect && canRetry(failure) && (
        <button type="button" onClick={() => void ask(model.server.retryHost(cluster.id, host.id))}>
          {texts.fleet.retry}
        </button>
      )}
      {problem !== undefined && <ProblemText problem={problem} />}
    </li>
  )
}
