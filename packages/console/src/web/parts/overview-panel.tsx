import { useModel } from '../console-model.ts'
import { useObservable } from '../observable.ts'
import { nodeKey, resourceKey } from '../selection.ts'
import { momentText, useTexts } from '../texts/language.ts'
import { requestTitle } from './change-panel.tsx'
import { OperationResult } from './operation-result.tsx'
import { RestLine } from './plan-list.tsx'

/** Of each list so many are drawn. */
const shownMax = 50

const severitySigns = { error: '✖', warning: '⚠', info: 'ℹ' } as const

/** What needs a look: problems with the next step, operations, and what was fenced. */
export function OverviewPanel() {
  const texts = useTexts()
  const model = useModel()
  const { snapshot, operations } = useObservable(model.store.state)
  if (snapshot === undefined) return null
  const newestFirst = [...operations.values()].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
  return (
    <aside className="panel" aria-label={texts.problems}>
      <h2>
        {texts.problems} ({snapshot.problems.length})
      </h2>
      {snapshot.problems.length === 0 && <p>✔ {texts.noProblems}</p>}
      <ul className="problems">
        {snapshot.problems.slice(0, shownMax).map((problem) => {
          const about = problem.resource ?? problem.node
          const key = problem.resource !== null ? resourceKey(problem.resource) : nodeKey(problem.node ?? '')
          return (
            <li key={`${problem.code} ${about} ${problem.constraint} ${problem.text}`} className={problem.severity}>
              <span role="img" aria-label={texts.severity[problem.severity]}>
                {severitySigns[problem.severity]}
              </span>{' '}
              {about !== null && (
                <button type="button" className="link" onClick={() => model.show({ kind: 'details', item: key })}>
                  {about}
                </button>
              )}{' '}
              {texts.problem[problem.code]} <span lang="en">{problem.text}</span>
              <br />
              <small>
                {texts.nextStep}: {texts.step[problem.code]}
              </small>
            </li>
          )
        })}
        <RestLine shown={shownMax} all={snapshot.problems.length} />
      </ul>
      <h2>{texts.operations}</h2>
      {newestFirst.length === 0 && <p>{texts.noOperations}</p>}
      {newestFirst.slice(0, shownMax).map((operation) => (
        <details key={operation.id} open={operation.state === 'running'}>
          <summary>
            {requestTitle(texts, operation.request)} – {texts.operationState[operation.state]} (
            {momentText(texts, operation.startedAt)})
          </summary>
          <OperationResult operation={operation} />
        </details>
      ))}
      {newestFirst.length > shownMax && (
        <ul>
          <RestLine shown={shownMax} all={newestFirst.length} />
        </ul>
      )}
      <h2>{texts.fencingHistory}</h2>
      {snapshot.fencing.length === 0 && <p>{texts.noFencing}</p>}
      <ul>
        {snapshot.fencing.slice(0, shownMax).map((event) => (
          <li key={event.id} className={event.state === 'failed' ? 'error' : undefined}>
            {texts.fencingLine({ action: event.action, target: event.target })} – {texts.fencingState[event.state]}
            {event.at !== null && <> ({momentText(texts, event.at)})</>}
            {event.delegate !== null && <> {texts.by({ who: event.delegate })}</>}
          </li>
        ))}
        <RestLine shown={shownMax} all={snapshot.fencing.length} />
      </ul>
    </aside>
  )
}
