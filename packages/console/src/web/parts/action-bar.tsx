import { limits, type OperationInput } from '../../api/index.ts'
import {
  type Action,
  destinationObstacle,
  nodeActions,
  obstacleTo,
  resourceActions,
  type Situation,
} from '../availability.ts'
import { failuresOf } from '../cluster-rows.ts'
import { useModel } from '../console-model.ts'
import { useObservable } from '../observable.ts'
import { itemOf, namesOf } from '../selection.ts'
import { useTexts } from '../texts/language.ts'
import { type Choice, MenuTool, Tool, Toolbar } from './toolbar.tsx'

/** What can be done to the selection: every action, those that cannot be chosen with the reason. */
export function ActionBar({ shown }: { readonly shown: ReadonlySet<string> }) {
  const texts = useTexts()
  const model = useModel()
  const selection = useObservable(model.selection)
  const { snapshot } = useObservable(model.store.state)
  const connection = useObservable(model.store.connection)
  const gone = useObservable(model.gone)
  if (snapshot === undefined) return null

  const names = namesOf(selection, 'resource')
  const nodeNames = namesOf(selection, 'node')
  const rows = [...selection.keys].flatMap((key) => model.store.row(key) ?? [])
  const nodes = nodeNames.flatMap((name) => model.store.node(name) ?? [])
  const situation: Situation = {
    session: model.session,
    snapshot,
    isConnected: connection.state === 'live',
    rows,
    nodes,
  }
  const obstacle = (action: Action): string | undefined => {
    const found = obstacleTo(action, situation)
    return found === undefined ? undefined : texts.obstacle[found]
  }
  const ask = (request: OperationInput): void => {
    model.change.request(request)
    model.show({ kind: 'change' })
  }
  const destinations = snapshot.nodes
    .filter((node) => node.kind !== 'ping')
    .map((node): Choice => {
      const found = destinationObstacle(node, rows)
      return {
        id: node.name,
        label: node.name,
        obstacle: found === undefined ? undefined : texts.destinationObstacle[found],
        onChoose: () => ask({ kind: 'move', targets: [...names], args: { to: node.name } }),
      }
    })
  const bans = snapshot.nodes
    .filter((node) => node.kind !== 'ping')
    .map((node): Choice => {
      const { name } = node
      return {
        id: name,
        label: name,
        obstacle: undefined,
        onChoose: () => ask({ kind: 'ban', targets: [...names], args: { from: name } }),
      }
    })
  const failures = failuresOf(rows)
  const tooMany = failures.length > limits.suppositionsMax ? texts.obstacle.tooMany : undefined
  const hidden = names.filter((name) => !shown.has(name)).length
  return (
    <section className="action-bar" aria-label={texts.actions}>
      <p className="selection-count" aria-live="polite">
        {texts.selected({ resources: names.length, nodes: nodeNames.length })}
        {hidden > 0 && <span> ({texts.hiddenSelected({ count: hidden })})</span>}
        {gone.length > 0 && (
          <span className="gone"> {texts.gone({ names: gone.map((key) => itemOf(key).name).join(', ') })}</span>
        )}
      </p>
      <Toolbar label={texts.actions}>
        <MenuTool label={texts.action.move} obstacle={obstacle('move')} isFirst choices={destinations} />
        <MenuTool label={texts.action.ban} obstacle={obstacle('ban')} choices={bans} />
        {resourceActions.map(
          (kind) =>
            kind !== 'move' &&
            kind !== 'ban' && (
              <Tool
                key={kind}
                label={texts.action[kind]}
                obstacle={obstacle(kind)}
                onChoose={() => ask({ kind, targets: [...names] })}
              />
            ),
        )}
        <span className="separator" aria-hidden="true" />
        {nodeActions.map((kind) => (
          <Tool
            key={kind}
            label={texts.action[kind]}
            obstacle={obstacle(kind)}
            onChoose={() => ask({ kind, targets: [...nodeNames] })}
          />
        ))}
        <span className="separator" aria-hidden="true" />
        <Tool
          label={texts.explain}
          obstacle={names.length === 0 ? texts.obstacle.selectResources : undefined}
          onChoose={() => {
            const [resource] = names
            if (resource !== undefined) model.show({ kind: 'explain', resource, node: nodeNames[0] })
          }}
        />
        <MenuTool
          label={texts.whatIf}
          obstacle={undefined}
          choices={[
            {
              id: 'nodesLost',
              label: texts.whatIfChoices.nodesLost,
              obstacle: nodeNames.length === 0 ? texts.obstacle.selectNodes : undefined,
              onChoose: () => model.show({ kind: 'whatIf', supposition: { nodesLost: [...nodeNames] } }),
            },
            {
              id: 'nodesOnStandby',
              label: texts.whatIfChoices.nodesOnStandby,
              obstacle: nodeNames.length === 0 ? texts.obstacle.selectNodes : undefined,
              onChoose: () => model.show({ kind: 'whatIf', supposition: { nodesOnStandby: [...nodeNames] } }),
            },
            {
              id: 'failures',
              label: texts.whatIfChoices.failures,
              obstacle: failures.length === 0 ? texts.obstacle.noneRunning : tooMany,
              onChoose: () => model.show({ kind: 'whatIf', supposition: { failures: [...failures] } }),
            },
            {
              id: 'quorumLost',
              label: texts.whatIfChoices.quorumLost,
              obstacle: undefined,
              onChoose: () => model.show({ kind: 'whatIf', supposition: { quorumLost: true } }),
            },
          ]}
        />
        <Tool
          label={texts.details}
          obstacle={selection.keys.size === 0 ? texts.obstacle.selectResources : undefined}
          onChoose={() => {
            const item = [...selection.keys].at(-1)
            if (item !== undefined) model.show({ kind: 'details', item })
          }}
        />
      </Toolbar>
    </section>
  )
}
