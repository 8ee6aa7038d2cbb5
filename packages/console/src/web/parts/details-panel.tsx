import type { Constraint, Node, Resource } from '../../api/index.ts'
import { findResource } from '../cluster-rows.ts'
import { useModel } from '../console-model.ts'
import { useObservable } from '../observable.ts'
import { type ItemKey, itemOf } from '../selection.ts'
import { momentText, useTexts } from '../texts/language.ts'
import { PanelFrame } from './panel-frame.tsx'
import { StateText } from './state-glyph.tsx'

/** One resource or node with all that is known of it. */
export function DetailsPanel({ item }: { readonly item: ItemKey }) {
  const texts = useTexts()
  const model = useModel()
  const { snapshot } = useObservable(model.store.state)
  const { kind, name } = itemOf(item)
  const resource = kind === 'resource' ? findResource(snapshot?.resources ?? [], name) : undefined
  const node = kind === 'node' ? snapshot?.nodes.find((one) => one.name === name) : undefined
  return (
    <PanelFrame title={name}>
      {resource === undefined && node === undefined && <p>{texts.noDetails}</p>}
      {resource !== undefined && <ResourceDetails resource={resource} constraints={snapshot?.constraints ?? []} />}
      {node !== undefined && <NodeDetails node={node} />}
    </PanelFrame>
  )
}

type ResourceDetailsProps = { readonly resource: Resource; readonly constraints: readonly Constraint[] }

function ResourceDetails({ resource, constraints }: ResourceDetailsProps) {
  const texts = useTexts()
  const model = useModel()
  const named = constraints.filter((constraint) => namesResource(constraint, resource))
  return (
    <>
      <p>
        <StateText state={resource.state} />
        {resource.places.length > 0 && (
          <> – {texts.runsOnList({ nodes: resource.places.map((place) => place.node).join(', ') })}</>
        )}
      </p>
      <p>
        {texts.resourceKind[resource.kind]} {resource.agent}
      </p>
      {resource.description !== null && (
        <p>
          <b>{texts.description}:</b> {resource.description}
        </p>
      )}
      {resource.movableRoot !== resource.id && (
        <p>
          <b>{texts.movesWith}:</b> {resource.movableRoot}
        </p>
      )}
      <button type="button" onClick={() => model.show({ kind: 'explain', resource: resource.id, node: undefined })}>
        {texts.explain}
      </button>
      {resource.failures.length > 0 && <h3>{texts.failures}</h3>}
      <ul>
        {resource.failures.flatMap((failure) =>
          failure.operations.map((operation) => (
            <li key={`${failure.node} ${operation.task} ${operation.intervalMs}`} className="error">
              ✖ {texts.failure({ task: operation.task, node: failure.node, rc: operation.rc, text: operation.rcText })}
              {operation.at !== null && <> {momentText(texts, operation.at)}</>}
              {operation.reason !== null && <span lang="en"> – {operation.reason}</span>}
            </li>
          )),
        )}
      </ul>
      {resource.children.length > 0 && <h3>{texts.instances}</h3>}
      <ul>
        {resource.children.map((child) => (
          <li key={child.id}>
            {child.id}: <StateText state={child.state} /> {child.places.map((place) => place.node).join(', ')}
          </li>
        ))}
      </ul>
      {named.length > 0 && <h3>{texts.constraints}</h3>}
      <ul>
        {named.map((constraint) => (
          <li key={constraint.id}>
            {constraint.kind} <b>{constraint.id}</b>{' '}
            {constraint.kind === 'location' &&
              constraint.node !== null &&
              `${constraint.node} ${constraint.score ?? ''}`}
          </li>
        ))}
      </ul>
    </>
  )
}

/** Whether a constraint is about a resource, or about what it belongs to. */
function namesResource(constraint: Constraint, resource: Resource): boolean {
  const ids = new Set([resource.id, resource.configId, resource.movableRoot])
  if (constraint.kind === 'location') return constraint.resources.some((id) => ids.has(id))
  const ends =
    constraint.kind === 'order'
      ? [constraint.first, constraint.next]
      : constraint.kind === 'colocation'
        ? [constraint.dependent, constraint.primary]
        : [constraint.resource]
  const members = constraint.sets.flatMap((set) => set.members)
  return [...ends, ...members].some((end) => end !== null && ids.has(end.resource))
}

function NodeDetails({ node }: { readonly node: Node }) {
  const texts = useTexts()
  return (
    <>
      <p>
        {texts.nodeState[node.state]}, {texts.nodeKind[node.kind]}, id {node.id}
      </p>
      <h3>{texts.resourcesOn({ count: node.running.length })}</h3>
      <p>{node.running.join(', ')}</p>
      <Pairs title={texts.attributes} pairs={node.attributes} />
      <Pairs title={texts.utilization} pairs={node.utilization} />
    </>
  )
}

type PairsProps = { readonly title: string; readonly pairs: Readonly<Record<string, string | number>> }

function Pairs({ title, pairs }: PairsProps) {
  const entries = Object.entries(pairs)
  if (entries.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <dl>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
