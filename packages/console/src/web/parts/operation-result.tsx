import { useState } from 'react'
import type { Operation, OperationItem } from '../../api/index.ts'
import { useModel } from '../console-model.ts'
import type { Problem } from '../server.ts'
import { useTexts } from '../texts/language.ts'
import { RestLine } from './plan-list.tsx'

/** Items of an operation that are drawn, those that need a look first; the rest is counted. */
const itemsShownMax = 300

const signs: Readonly<Record<OperationItem['state'], string>> = {
  failed: '✖',
  timedOut: '✖',
  elsewhere: '↷',
  cancelled: '–',
  running: '◌',
  waiting: '◌',
  done: '✔',
  skipped: '–',
}
const order = Object.keys(signs)

/** What has become of every target of an operation. */
export function OperationResult({ operation }: { readonly operation: Operation }) {
  const texts = useTexts()
  const model = useModel()
  const [problem, setProblem] = useState<Problem>()
  const over = operation.items.filter((item) => item.state !== 'waiting' && item.state !== 'running').length
  const items = [...operation.items].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  const { temporary } = operation
  return (
    <div className="operation">
      <p role="status">
        <b>{texts.operationState[operation.state]}</b> – {texts.progress({ done: over, all: operation.items.length })}
      </p>
      <progress value={over} max={Math.max(1, operation.items.length)} aria-label={texts.operations} />
      {operation.text !== null && (
        <p className="bad" lang="en">
          {operation.text}
        </p>
      )}
      {temporary !== null && <p>{texts.temporary({ left: temporary.left, made: temporary.made })}</p>}
      {operation.isCancellable && (
        <button
          type="button"
          onClick={async () => {
            const answer = await model.server.cancel(operation.id)
            if (answer.ok) model.store.noteOperation(answer.value)
            setProblem(answer.ok ? undefined : answer.problem)
          }}
        >
          {texts.cancelOperation}
        </button>
      )}
      {problem !== undefined && <p role="alert">{texts.fault[problem.code]}</p>}
      <ul className="items">
        {items.slice(0, itemsShownMax).map((item) => (
          <li key={item.target} className={`item-${item.state}`}>
            <span aria-hidden="true">{signs[item.state]}</span> <b>{item.target}</b> {texts.itemState[item.state]}
            {item.nodes.length > 0 && <> ({item.nodes.join(', ')})</>}
            {item.durationMs !== null && <> {texts.seconds({ seconds: (item.durationMs / 1000).toFixed(1) })}</>}
            {item.reason !== null && <> – {texts.reason[item.reason.code]}</>}
            {item.text !== null && <span lang="en"> – {item.text}</span>}
          </li>
        ))}
        <RestLine shown={itemsShownMax} all={items.length} />
      </ul>
    </div>
  )
}
