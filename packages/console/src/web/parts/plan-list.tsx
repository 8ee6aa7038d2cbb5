import type { PlannedChange } from '../../api/index.ts'

/** Lines of a plan that are drawn; of a large one the rest is counted. */
const linesMax = 200

/** A plan as the scheduler words it. */
export function PlanList({ title, plan }: { readonly title: string; readonly plan: readonly PlannedChange[] }) {
  if (plan.length === 0) return null
  return (
    <details>
      <summary>
        {title} ({plan.length})
      </summary>
      <ol className="plan">
        {plan.slice(0, linesMax).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a plan is replaced as a whole, and its lines may be equal
          <li key={index} className={line.isBlocked ? 'bad' : undefined}>
            {line.text}
          </li>
        ))}
        <RestLine shown={linesMax} all={plan.length} />
      </ol>
    </details>
  )
}

/** The last line of a list that is cut: how many more there are; nothing where all are shown. */
export function RestLine({ shown, all }: { readonly shown: number; readonly all: number }) {
  return all > shown ? <li>… +{all - shown}</li> : null
}

/** Names after a title; nothing where there are none. */
export function NameList({ title, names }: { readonly title: string; readonly names: readonly string[] }) {
  if (names.length === 0) return null
  return (
    <p>
      <b>{title}:</b> {names.join(', ')}
    </p>
  )
}
