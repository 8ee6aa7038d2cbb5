import {
  type Node as FlowNode,
  getViewportForBounds,
  type NodeProps,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  ViewportPortal,
} from '@xyflow/react'
import {
  createContext,
  type FocusEvent,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type PointerEvent,
  useContext,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import type { Constraint, Node } from '../../api/index.ts'
import { cardState, edgesOf, failureCount, type Ghost, placesOf, type Row } from '../cluster-rows.ts'
import { useRow } from '../cluster-store.ts'
import { useModel } from '../console-model.ts'
import {
  type Box,
  type Card,
  caughtBy,
  type Frame,
  type Line,
  lineBetween,
  type MapLayout,
  mapLayout,
  neighbour,
  type Rect,
  rectBetween,
} from '../map-layout.ts'
import { usePart } from '../observable.ts'
import {
  afterClick,
  afterPress,
  focusOn,
  type ItemKey,
  nodeKey,
  resourceKey,
  selectCaught,
  selectRange,
} from '../selection.ts'
import { useTexts } from '../texts/language.ts'
import { NodeGlyph, resourceGlyph } from './state-glyph.tsx'

/** Below this zoom cards are tiles with a sign, and constraints are not drawn: neither could be read. */
const farZoom = 0.45
const zoomMin = 0.08
const zoomMax = 2
/** Pixels that the pointer has to move before a press is a rubber band and no click. */
const bandMin = 4

type MapViewProps = {
  readonly rows: readonly Row[]
  readonly nodes: readonly Node[]
  readonly ghosts: readonly Ghost[]
  readonly constraints: readonly Constraint[]
}

type BoxNode = FlowNode<{ readonly box: Box }, 'box'>
type FrameNode = FlowNode<{ readonly frame: Frame }, 'frame'>
type CardNode = FlowNode<{ readonly card: Card }, 'card'>

/** What the cards of a map share. */
const MapContext = createContext<{ readonly isFar: boolean; readonly wantsFocus: { current: string | undefined } }>({
  isFar: false,
  wantsFocus: { current: undefined },
})

/** The cluster as a picture: a box for each node with what runs on it, and the constraints between. */
export function MapView(props: MapViewProps) {
  return (
    <ReactFlowProvider>
      <MapCanvas {...props} />
    </ReactFlowProvider>
  )
}

function MapCanvas({ rows, nodes, ghosts, constraints }: MapViewProps) {
  const texts = useTexts()
  const model = useModel()
  const flow = useReactFlow()
  const isFar = useStore((state) => state.transform[2] < farZoom)
  const wantsFocus = useRef<string | undefined>(undefined)
  const around = useRef<HTMLDivElement>(null)
  const [hasFocus, setHasFocus] = useState(false)
  const [band, setBand] = useState<Rect>()

  const layout = useMemo(
    () =>
      mapLayout(
        nodes.map((node) => node.name),
        placesOf(rows, ghosts),
      ),
    [nodes, rows, ghosts],
  )
  const parts = useMemo(() => flowNodes(layout), [layout])
  const order = useMemo(() => [...new Set(layout.cards.map((card) => resourceKey(card.resource)))], [layout])
  const shared = useMemo(() => ({ isFar, wantsFocus }), [isFar])

  /** The card that the keyboard is at: of a resource with several the one that was gone to last, or the first. */
  const focusCard = (): Card | undefined => {
    const { focus } = model.selection.value
    const cards = layout.cards.filter((card) => !card.isGhost && resourceKey(card.resource) === focus)
    return cards.find((card) => card.id === wantsFocus.current) ?? cards[0] ?? layout.cards[0]
  }
  const goTo = (card: Card): void => {
    wantsFocus.current = card.id
    const view = around.current
    if (view === null) return
    const { x, y, zoom } = flow.getViewport()
    const left = card.x * zoom + x
    const top = card.y * zoom + y
    const isSeen =
      left >= 0 &&
      top >= 0 &&
      left + card.width * zoom <= view.clientWidth &&
      top + card.height * zoom <= view.clientHeight
    if (!isSeen) void flow.setCenter(card.x + card.width / 2, card.y + card.height / 2, { zoom })
    // It is in the document already where it was drawn before; else it takes the focus once it is drawn.
    view.querySelector<HTMLElement>(`[data-card="${CSS.escape(card.id)}"]`)?.focus({ preventScroll: true })
  }

  const showAll = (): void => {
    const view = around.current
    if (view === null) return
    const all = { x: 0, y: 0, width: layout.width, height: layout.height }
    void flow.setViewport(getViewportForBounds(all, view.clientWidth, view.clientHeight, zoomMin, 1, 0.03))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = focusCard()
    if (from === undefined) return
    const press = { key: event.key, isShift: event.shiftKey, isCtrl: event.ctrlKey || event.metaKey }
    const key = resourceKey(from.resource)
    const current = { ...model.selection.value, focus: key }
    if (press.key === 'Enter') {
      model.show({ kind: 'details', item: key })
    } else if (press.key.startsWith('Arrow')) {
      const to = neighbour(layout, from, press.key)
      if (to !== undefined) {
        const item = resourceKey(to.resource)
        model.select(press.isShift ? selectRange(current, order, item, press.isCtrl) : focusOn(current, item))
        goTo(to)
      }
    } else {
      const next = afterPress(current, order, press, 1)
      if (next === undefined) return
      model.select(next)
      const moved = next.focus === key ? undefined : focusCard()
      if (moved !== undefined) goTo(moved)
    }
    event.preventDefault()
  }
  const onFocus = (event: FocusEvent): void => {
    setHasFocus(true)
    const card = event.target === around.current ? focusCard() : undefined
    if (card === undefined) return
    if (model.selection.value.focus === undefined) {
      model.selection.set({ ...model.selection.value, focus: resourceKey(card.resource) })
    }
    goTo(card)
  }
  const onClick = (event: MouseEvent): void => {
    const element = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')
    if (element === null) return
    const key = element.dataset['key'] as ItemKey
    wantsFocus.current = element.dataset['card']
    const click = { isShift: event.shiftKey, isCtrl: event.ctrlKey || event.metaKey }
    model.select(afterClick(model.selection.value, order, key, click))
  }

  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    const target = event.target as HTMLElement
    if (event.button !== 0 || event.pointerType === 'touch' || target.closest('button, a') !== null) return
    const element = event.currentTarget
    const edge = element.getBoundingClientRect()
    const at = (one: { clientX: number; clientY: number }) => ({
      x: one.clientX - edge.left,
      y: one.clientY - edge.top,
    })
    const start = at(event)
    const isAdding = event.ctrlKey || event.metaKey || event.shiftKey
    element.setPointerCapture(event.pointerId)
    const onMove = (move: globalThis.PointerEvent): void => {
      setBand(rectBetween(start, at(move)))
    }
    const end = (): void => {
      element.removeEventListener('pointermove', onMove)
      element.removeEventListener('pointerup', onUp)
      element.removeEventListener('pointercancel', end)
      setBand(undefined)
    }
    const onUp = (up: globalThis.PointerEvent): void => {
      end()
      const drawn = rectBetween(start, at(up))
      // A click beside everything: it clears, and with Ctrl it does nothing.
      if (Math.max(drawn.width, drawn.height) < bandMin) {
        if (!isAdding) model.select(selectCaught(model.selection.value, [], false))
        return
      }
      const { x, y, zoom } = flow.getViewport()
      const onMap = {
        x: (drawn.x - x) / zoom,
        y: (drawn.y - y) / zoom,
        width: drawn.width / zoom,
        height: drawn.height / zoom,
      }
      model.select(selectCaught(model.selection.value, caughtBy(layout, onMap).map(resourceKey), isAdding))
    }
    element.addEventListener('pointermove', onMove)
    element.addEventListener('pointerup', onUp)
    element.addEventListener('pointercancel', end)
  }

  return (
    <MapContext value={shared}>
      <div className="map-tools">
        <button type="button" onClick={() => void flow.zoomOut()} aria-label={texts.zoomOut} title={texts.zoomOut}>
          −
        </button>
        <button type="button" onClick={() => void flow.zoomIn()} aria-label={texts.zoomIn} title={texts.zoomIn}>
          +
        </button>
        <button type="button" onClick={showAll}>
          {texts.zoomFit}
        </button>
        <details>
          <summary>?</summary>
          <p>{texts.mapKeys}</p>
          <p>{texts.mapLegend}</p>
        </details>
      </div>
      <div
        className={isFar ? 'map far' : 'map'}
        role="group"
        aria-label={texts.view.map}
        ref={around}
        tabIndex={hasFocus ? -1 : 0}
        onFocus={onFocus}
        onBlur={(event) => setHasFocus(event.currentTarget.contains(event.relatedTarget))}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onDoubleClick={(event) => {
          const key = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset['key']
          if (key !== undefined) model.show({ kind: 'details', item: key as ItemKey })
        }}
        onPointerDown={onPointerDown}
        onContextMenu={(event) => event.preventDefault()}
      >
        <ReactFlow
          nodes={parts}
          edges={noEdges}
          nodeTypes={nodeTypes}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          onlyRenderVisibleElements
          panOnDrag={panButtons}
          panOnScroll
          zoomOnDoubleClick={false}
          panActivationKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          deleteKeyCode={null}
          disableKeyboardA11y
          minZoom={zoomMin}
          maxZoom={zoomMax}
          onInit={showAll}
        >
          {!isFar && (
            <ViewportPortal>
              <Lines layout={layout} constraints={constraints} />
            </ViewportPortal>
          )}
        </ReactFlow>
        {band !== undefined && (
          <div
            className="band"
            style={{ left: band.x, top: band.y, width: band.width, height: band.height }}
            aria-hidden="true"
          />
        )}
      </div>
    </MapContext>
  )
}

const noEdges: never[] = []
/** Middle and right button: the left one draws the rubber band. */
const panButtons = [1, 2]

function flowNodes(layout: MapLayout): (BoxNode | FrameNode | CardNode)[] {
  const at = ({ x, y, width, height }: Rect) => ({ position: { x, y }, width, height, handles: [] })
  return [
    ...layout.boxes.map((box): BoxNode => ({ id: box.id, type: 'box', ...at(box), data: { box }, zIndex: 0 })),
    ...layout.frames.map(
      (frame): FrameNode => ({ id: frame.id, type: 'frame', ...at(frame), data: { frame }, zIndex: 3 }),
    ),
    ...layout.cards.map((card): CardNode => ({ id: card.id, type: 'card', ...at(card), data: { card }, zIndex: 2 })),
  ]
}

function BoxView({ data: { box } }: NodeProps<BoxNode>) {
  const texts = useTexts()
  const model = useModel()
  const key = nodeKey(box.node ?? '')
  const isSelected = usePart(model.selection, (selection) => selection.keys.has(key))
  const snapshot = usePart(model.store.state, (state) => state.snapshot)
  const node = snapshot?.nodes.find((one) => one.name === box.node)
  if (node === undefined) {
    return (
      <div className="box nowhere">
        <span className="box-name">
          {texts.notRunning} ({box.count})
        </span>
      </div>
    )
  }
  return (
    <div className={`box node-box-${node.state}`}>
      <button type="button" className="box-name" data-key={key} aria-pressed={isSelected} tabIndex={-1}>
        <NodeGlyph state={node.state} /> <b>{node.name}</b> {texts.nodeState[node.state]} ({box.count})
        {node.isDc && ` ${texts.dc}`}
      </button>
    </div>
  )
}

function FrameView({ data: { frame } }: NodeProps<FrameNode>) {
  const model = useModel()
  const key = resourceKey(frame.group)
  const isSelected = usePart(model.selection, (selection) => selection.keys.has(key))
  return (
    <div className={isSelected ? 'frame selected' : 'frame'}>
      <button type="button" className="frame-name" data-key={key} aria-pressed={isSelected} tabIndex={-1}>
        {frame.group}
      </button>
    </div>
  )
}

const CardView = memo(function CardView({ data: { card } }: NodeProps<CardNode>) {
  const texts = useTexts()
  const model = useModel()
  const { isFar, wantsFocus } = useContext(MapContext)
  const key = resourceKey(card.resource)
  const row = useRow(model.store, key)
  const isSelected = usePart(model.selection, (selection) => selection.keys.has(key))
  const element = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => {
    if (wantsFocus.current === card.id) element.current?.focus({ preventScroll: true })
  }, [card.id, wantsFocus])
  if (row === undefined) return null
  if (card.isGhost) {
    return (
      <div className="card ghost">
        ⇢ {card.resource} <small>{texts.ghost}</small>
      </div>
    )
  }
  const state = cardState(row.resource, card.node)
  const hasNote =
    failureCount(row.resource) > 0 ||
    !row.resource.isManaged ||
    row.resource.isMaintenance ||
    row.leftover !== undefined
  return (
    <button
      type="button"
      ref={element}
      className={`card state-${state}`}
      data-key={key}
      data-card={card.id}
      data-glyph={resourceGlyph(state)}
      aria-pressed={isSelected}
      aria-label={isFar ? `${card.resource}, ${texts.resourceState[state]}, ${card.node ?? texts.nowhere}` : undefined}
      tabIndex={-1}
    >
      {!isFar && (
        <>
          <span className="card-name">{card.resource}</span>
          <small>
            {texts.resourceState[state]}
            {hasNote && ' ⚠'}
          </small>
        </>
      )}
    </button>
  )
})

type LinesProps = { readonly layout: MapLayout; readonly constraints: readonly Constraint[] }

/** Orders and colocations between what is on the map. */
const Lines = memo(function Lines({ layout, constraints }: LinesProps) {
  const lines = useMemo(() => {
    const cards = new Map<string, Card[]>()
    for (const card of layout.cards) {
      if (!card.isGhost) cards.set(card.resource, [...(cards.get(card.resource) ?? []), card])
    }
    return edgesOf(constraints).flatMap((edge) => {
      const line = lineBetween(edge.id, cards.get(edge.from), cards.get(edge.to))
      return line === undefined ? [] : [{ ...line, kind: edge.kind }]
    })
  }, [layout, constraints])
  return (
    <svg className="lines" aria-hidden="true" width={1} height={1}>
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
          <path d="M0 0 L8 4 L0 8 z" />
        </marker>
      </defs>
      {lines.map((line) => (
        <g key={line.id} className={`line-${line.kind}`}>
          <line
            x1={line.x1}
            y1={line.y1}
            x2={line.x2}
            y2={line.y2}
            markerEnd={line.kind === 'order' ? 'url(#arrow)' : undefined}
          />
          {line.kind === 'apart' && <Cross line={line} />}
        </g>
      ))}
    </svg>
  )
})

function Cross({ line }: { readonly line: Line }) {
  const x = (line.x1 + line.x2) / 2
  const y = (line.y1 + line.y2) / 2
  return <path d={`M${x - 5} ${y - 5} l10 10 m0 -10 l-10 10`} />
}

const nodeTypes = { box: BoxView, frame: FrameView, card: CardView }
