import { type KeyboardEvent, type MouseEvent, memo, useRef } from 'react'
import type { Node, Snapshot } from '../../api/index.ts'
import { useModel } from '../console-model.ts'
import { usePart } from '../observable.ts'
import { afterClick, afterPress, type ItemKey, nodeKey } from '../selection.ts'
import { useTexts } from '../texts/language.ts'
import { NodeGlyph } from './state-glyph.tsx'

/** The nodes beside each other, to be selected like resources. One stop of the tab key. */
export function NodeStrip({ nodes }: { readonly nodes: Snapshot['nodes'] }) {
  const texts = useTexts()
  const model = useModel()
  const strip = useRef<HTMLUListElement>(null)
  const focus = usePart(model.selection, (selection) => selection.focus)
  const order = nodes.map((node) => nodeKey(node.name))
  const focusIndex = Math.max(0, focus === undefined ? 0 : order.indexOf(focus))

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = (event.target as HTMLElement).dataset['key'] as ItemKey | undefined
    if (at === undefined) return
    if (event.key === 'Enter') {
      model.show({ kind: 'details', item: at })
      event.preventDefault()
      return
    }
    const sideways: Readonly<Record<string, string>> = { ArrowRight: 'ArrowDown', ArrowLeft: 'ArrowUp' }
    const press = {
      key: sideways[event.key] ?? event.key,
      isShift: event.shiftKey,
      isCtrl: event.ctrlKey || event.metaKey,
    }
    const next = afterPress({ ...model.selection.value, focus: at }, order, press, order.length)
    if (next === undefined) return
    event.preventDefault()
    model.select(next)
    const index = next.focus === undefined ? -1 : order.indexOf(next.focus)
    strip.current?.querySelectorAll<HTMLElement>('button')[index]?.focus()
  }
  const onClick = (event: MouseEvent): void => {
    const key = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset['key'] as ItemKey | undefined
    if (key === undefined) return
    const click = { isShift: event.shiftKey, isCtrl: event.ctrlKey || event.metaKey }
    model.select(afterClick(model.selection.value, order, key, click))
  }
  return (
    <nav aria-label={texts.nodes}>
      <ul className="node-strip" ref={strip} onKeyDown={onKeyDown} onClick={onClick}>
        {nodes.map((node, index) => (
          <NodeChip key={node.name} node={node} isTabStop={index === focusIndex} />
        ))}
      </ul>
    </nav>
  )
}

const NodeChip = memo(function NodeChip({ node, isTabStop }: { readonly node: Node; readonly isTabStop: boolean }) {
  const texts = useTexts()
  const model = useModel()
  const key = nodeKey(node.name)
  const isSelected = usePart(model.selection, (selection) => selection.keys.has(key))
  return (
    <li>
      <button
        type="button"
        data-key={key}
        aria-pressed={isSelected}
        tabIndex={isTabStop ? 0 : -1}
        className="node-chip"
      >
        <NodeGlyph state={node.state} /> <b>{node.name}</b> {texts.nodeState[node.state]}
        {node.isDc && <span className="badge">{texts.dc}</span>}
        {node.kind !== 'member' && <span className="badge">{texts.nodeKind[node.kind]}</span>}
        {node.isShuttingDown && <span className="badge">{texts.shuttingDown}</span>}
        <span className="count">{texts.resourcesOn({ count: node.running.length })}</span>
      </button>
    </li>
  )
})
