import { type KeyboardEvent, type MouseEvent, memo, useLayoutEffect, useRef, useState } from 'react'
import type { Node } from '../../api/index.ts'
import { type Ghost, type Row, stateOn } from '../cluster-rows.ts'
import { useRow } from '../cluster-store.ts'
import { useModel } from '../console-model.ts'
import { usePart } from '../observable.ts'
import { afterClick, afterPress, type ItemKey } from '../selection.ts'
import { useTexts } from '../texts/language.ts'
import { ResourceNotes } from './resource-notes.tsx'
import { StateGlyph, StateText } from './state-glyph.tsx'

/** Pixels; as in the style sheet. */
const rowHeight = 30
/** Rows that are drawn above and below of what is seen. */
const overscan = 6

type GridProps = {
  readonly kind: 'table' | 'matrix'
  readonly rows: readonly Row[]
  readonly nodes: readonly Node[]
  readonly ghosts: readonly Ghost[]
}

/**
 * Resources as rows: with words (`table`), or with a column for each node (`matrix`). Only the rows that are seen are in the
 * document. One stop of the tab key; the arrows go from row to row.
 */
export function ResourceGrid({ kind, rows, nodes, ghosts }: GridProps) {
  const texts = useTexts()
  const model = useModel()
  const focus = usePart(model.selection, (selection) => selection.focus)
  const scroller = useRef<HTMLDivElement>(null)
  const takesFocus = useRef(false)
  const [seen, setSeen] = useState({ top: 0, height: 600 })

  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const measure = (): void => {
      setSeen((before) => {
        const now = { top: element.scrollTop, height: element.clientHeight }
        return before.top === now.top && before.height === now.height ? before : now
      })
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  const order = rows.map((row) => row.key)
  const focusIndex = focus === undefined ? -1 : order.indexOf(focus)
  const tabIndexAt = Math.max(0, focusIndex)
  const first = Math.max(0, Math.floor(seen.top / rowHeight) - overscan)
  const last = Math.min(rows.length, Math.ceil((seen.top + seen.height) / rowHeight) + overscan)
  const drawn = new Set(Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i))
  // What has the keyboard stays in the document wherever the rest is scrolled to.
  if (rows.length > 0) drawn.add(tabIndexAt)

  useLayoutEffect(() => {
    const element = scroller.current
    if (!takesFocus.current || element === null || focusIndex < 0) return
    takesFocus.current = false
    const top = focusIndex * rowHeight
    const space = element.clientHeight - 2 * rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top > element.scrollTop + space) element.scrollTop = top - space
    element.querySelector<HTMLElement>(`[data-index="${focusIndex}"]`)?.focus({ preventScroll: true })
  })

  const onKeyDown = (event: KeyboardEvent): void => {
    const press = { key: event.key, isShift: event.shiftKey, isCtrl: event.ctrlKey || event.metaKey }
    const current = model.selection.value
    const row = rows[tabIndexAt]
    if (row === undefined) return
    if (press.key === 'Enter') {
      model.show({ kind: 'details', item: row.key })
      event.preventDefault()
      return
    }
    // The row that the keyboard is at may never have been chosen: it is the first one then.
    const from = current.focus !== undefined && focusIndex >= 0 ? current : { ...current, focus: row.key }
    const next = afterPress(from, order, press, Math.max(1, Math.floor(seen.height / rowHeight) - 2))
    if (next === undefined) return
    event.preventDefault()
    takesFocus.current = true
    model.select(next)
  }
  const onPick = (event: MouseEvent): void => {
    const key = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset['key'] as ItemKey | undefined
    if (key === undefined) return
    const click = { isShift: event.shiftKey, isCtrl: event.ctrlKey || event.metaKey }
    model.select(afterClick(model.selection.value, order, key, click))
  }

  const columnCount = kind === 'table' ? 5 : 2 + nodes.length
  const template = kind === 'table' ? undefined : `8rem minmax(10rem, 1fr) repeat(${nodes.length}, 2.6rem)`
  const wanted = new Map<string, string[]>()
  for (const ghost of ghosts) wanted.set(ghost.resource, [...(wanted.get(ghost.resource) ?? []), ghost.node])
  return (
    <div className={`grid-scroll ${kind}`} ref={scroller}>
      <div
        role="grid"
        aria-label={texts.resources}
        aria-multiselectable="true"
        aria-rowcount={rows.length + 1}
        aria-colcount={columnCount}
        onKeyDown={onKeyDown}
        onClick={onPick}
        onDoubleClick={() => {
          const item = model.selection.value.focus
          if (item !== undefined) model.show({ kind: 'details', item })
        }}
      >
        <div role="rowgroup" className="grid-head">
          <div role="row" aria-rowindex={1} className="grid-row" style={{ gridTemplateColumns: template }}>
            <GridHead text={texts.column.state} />
            <GridHead text={texts.column.name} />
            {kind === 'matrix' ? (
              nodes.map((node) => <GridHead key={node.name} text={node.name} isNarrow />)
            ) : (
              <>
                <GridHead text={texts.column.agent} />
                <GridHead text={texts.column.runningOn} />
                <GridHead text={texts.column.notes} />
              </>
            )}
          </div>
        </div>
        <div role="rowgroup" className="grid-body" style={{ height: rows.length * rowHeight }}>
          {[...drawn]
            .sort((a, b) => a - b)
            .map((index) => {
              const row = rows[index]
              return (
                row !== undefined && (
                  <GridRow
                    key={row.key}
                    item={row.key}
                    index={index}
                    isTabStop={index === tabIndexAt}
                    nodes={kind === 'matrix' ? nodes : undefined}
                    template={template}
                    wanted={wanted.get(row.resource.id)?.join(' ') ?? ''}
                  />
                )
              )
            })}
        </div>
      </div>
      {rows.length === 0 && <p className="empty">{texts.noResources}</p>}
    </div>
  )
}

function GridHead({ text, isNarrow = false }: { readonly text: string; readonly isNarrow?: boolean }) {
  return (
    <div role="columnheader" className={isNarrow ? 'narrow' : undefined} title={text}>
      {text}
    </div>
  )
}

type GridRowProps = {
  readonly item: ItemKey
  readonly index: number
  readonly isTabStop: boolean
  /** Of a matrix, its columns. */
  readonly nodes: readonly Node[] | undefined
  readonly template: string | undefined
  /** Names of nodes that it is wanted on, with blanks between. */
  readonly wanted: string
}

const GridRow = memo(function GridRow({ item, index, isTabStop, nodes, template, wanted }: GridRowProps) {
  const texts = useTexts()
  const model = useModel()
  const isSelected = usePart(model.selection, (selection) => selection.keys.has(item))
  const row = useRow(model.store, item)
  if (row === undefined) return null
  const { resource } = row
  const wantedOn = wanted === '' ? [] : wanted.split(' ')
  return (
    <div
      role="row"
      className="grid-row"
      data-key={item}
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      tabIndex={isTabStop ? 0 : -1}
      style={{ top: index * rowHeight, gridTemplateColumns: template }}
    >
      <div role="gridcell">
        <StateText state={resource.state} />
      </div>
      <div role="gridcell" className={`name level-${row.level}`}>
        {resource.id}
        {resource.kind !== 'primitive' && <span className="kind"> {texts.resourceKind[resource.kind]}</span>}
      </div>
      {nodes === undefined ? (
        <>
          <div role="gridcell">{resource.agent}</div>
          <div role="gridcell">
            {resource.places.map((place) => place.node).join(', ')}
            {wantedOn.map((node) => (
              <span className="wanted" key={node}>
                {' '}
                ⇢ {node} ({texts.ghost})
              </span>
            ))}
          </div>
          <div role="gridcell">
            <ResourceNotes row={row} />
          </div>
        </>
      ) : (
        nodes.map((node) => (
          <MatrixCell key={node.name} row={row} node={node.name} isWanted={wantedOn.includes(node.name)} />
        ))
      )}
    </div>
  )
})

type MatrixCellProps = { readonly row: Row; readonly node: string; readonly isWanted: boolean }

function MatrixCell({ row, node, isWanted }: MatrixCellProps) {
  const texts = useTexts()
  const state = stateOn(row.resource, node)
  return (
    <div role="gridcell" className={isWanted ? 'cell wanted' : 'cell'}>
      {state !== undefined && <StateGlyph state={state} />}
      {isWanted && (
        <span role="img" aria-label={texts.ghost}>
          ⇢
        </span>
      )}
      {row.leftover?.node === node && (
        <span role="img" className="leftover" aria-label={texts.leftover[row.leftover.kind]({ node })}>
          {row.leftover.kind === 'prefer' ? '*' : '⊘'}
        </span>
      )}
    </div>
  )
}
