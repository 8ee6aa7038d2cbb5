/** Sizes of the map's parts, in its own units: pixels at zoom 1. */
export const cardWidth = 148
export const cardHeight = 44
const cardGap = 10
const boxPadding = 14
const boxHeader = 40
const boxGap = 36
const framePadding = 5
const columnsMin = 2
/** A box gets a column more for each so many rows that it would have. */
const rowsPerColumn = 3.2

/** A resource as the map shows it on one node, or nowhere. */
export type Place = {
  readonly resource: string
  /** Group, bundle or cloned group that it stands in; those are framed. */
  readonly group: string | undefined
  /** Name of the node, `undefined` where it runs nowhere. */
  readonly node: string | undefined
  /** Asked for, or foreseen by a preview, and not so yet. */
  readonly isGhost: boolean
}

export type Rect = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** One card. A resource has one on each node that it runs on; `id` is unique in a map. */
export type Card = Rect & Place & { readonly id: string }

/** The box of a node, or that of what runs nowhere (`node` is `undefined`). */
export type Box = Rect & { readonly id: string; readonly node: string | undefined; readonly count: number }

/** The line around the members of a group on one node. */
export type Frame = Rect & { readonly id: string; readonly group: string }

export type MapLayout = {
  readonly boxes: readonly Box[]
  readonly frames: readonly Frame[]
  readonly cards: readonly Card[]
  readonly width: number
  readonly height: number
}

/**
 * Where everything on the map is: a box for each node, in the order given, and one for what runs nowhere; in it the
 * cards in the order given, members of a group beside each other. The same input gives the same picture; ghosts stand
 * behind all others, so that a preview moves no card of its node.
 */
export function mapLayout(nodes: readonly string[], places: readonly Place[]): MapLayout {
  const shown = new Set(nodes)
  const byNode = new Map<string | undefined, Place[]>(nodes.map((node) => [node, []]))
  const nowhere: Place[] = []
  for (const place of places) {
    const list = place.node !== undefined && shown.has(place.node) ? byNode.get(place.node) : nowhere
    list?.push(place)
  }
  if (nowhere.length > 0) byNode.set(undefined, nowhere)

  const boxes: Box[] = []
  const frames: Frame[] = []
  const cards: Card[] = []
  const perRow = Math.max(1, Math.ceil(Math.sqrt(byNode.size)))
  const real = [...byNode.values()].map((list) => list.filter((place) => !place.isGhost).length)
  const columns = Math.max(columnsMin, Math.ceil(Math.sqrt(Math.max(0, ...real) / rowsPerColumn)))
  const width = 2 * boxPadding + columns * (cardWidth + cardGap) - cardGap
  let top = 0
  let rowHeight = 0
  let index = 0
  for (const [node, list] of byNode) {
    if (index > 0 && index % perRow === 0) {
      top += rowHeight + boxGap
      rowHeight = 0
    }
    const left = (index % perRow) * (width + boxGap)
    const filled = fillBox(node, [...list].sort(ghostsLast), columns, left + boxPadding, top + boxHeader)
    const height = boxHeader + Math.max(1, filled.rows) * (cardHeight + cardGap) - cardGap + boxPadding
    boxes.push({ id: `box:${node ?? ''}`, node, count: list.length, x: left, y: top, width, height })
    frames.push(...filled.frames)
    cards.push(...filled.cards)
    rowHeight = Math.max(rowHeight, height)
    index += 1
  }
  return {
    boxes,
    frames,
    cards,
    width: Math.max(0, Math.min(index, perRow) * (width + boxGap) - boxGap),
    height: top + rowHeight,
  }
}

/** Keeps the order otherwise: sorting is stable. */
function ghostsLast(one: Place, other: Place): number {
  return Number(one.isGhost) - Number(other.isGhost)
}

function fillBox(node: string | undefined, places: readonly Place[], columns: number, left: number, top: number) {
  const cards: Card[] = []
  const frames: Frame[] = []
  let cell = 0
  for (const unit of units(places)) {
    const isGroup = unit.length > 1 || unit[0]?.group !== undefined
    // A group that does not fit into what is left of its row begins a new one, so that its frame is one rectangle.
    if (isGroup && (cell % columns) + unit.length > columns && cell % columns !== 0) cell += columns - (cell % columns)
    const first = cell
    for (const place of unit) {
      const x = left + (cell % columns) * (cardWidth + cardGap)
      const y = top + Math.floor(cell / columns) * (cardHeight + cardGap)
      const id = `${place.isGhost ? 'ghost' : 'card'}:${place.resource}@${node ?? ''}`
      cards.push({ ...place, id, x, y, width: cardWidth, height: cardHeight })
      cell += 1
    }
    const group = unit[0]?.group
    if (group === undefined || unit[0]?.isGhost === true) continue
    frames.push({ id: `frame:${group}@${node ?? ''}:${first}`, group, ...around(cards.slice(-unit.length)) })
    // More rows than one: nothing else stands beside its last card, inside of the frame.
    if (unit.length > columns && cell % columns !== 0) cell += columns - (cell % columns)
  }
  return { cards, frames, rows: Math.ceil(cell / columns) }
}

/** Runs of places with one group; what has no group is a unit by itself. */
function units(places: readonly Place[]): readonly (readonly Place[])[] {
  const found: Place[][] = []
  for (const place of places) {
    const last = found.at(-1)
    const before = last?.[0]
    if (before?.group !== undefined && before.group === place.group && before.isGhost === place.isGhost) {
      last?.push(place)
    } else {
      found.push([place])
    }
  }
  return found
}

function around(cards: readonly Rect[]): Rect {
  const x = Math.min(...cards.map((card) => card.x)) - framePadding
  const y = Math.min(...cards.map((card) => card.y)) - framePadding
  const right = Math.max(...cards.map((card) => card.x + card.width)) + framePadding
  const bottom = Math.max(...cards.map((card) => card.y + card.height)) + framePadding
  return { x, y, width: right - x, height: bottom - y }
}

/** The rectangle between two corners, whichever way it was drawn. */
export function rectBetween(
  from: { readonly x: number; readonly y: number },
  to: { readonly x: number; readonly y: number },
): Rect {
  return {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(from.x - to.x),
    height: Math.abs(from.y - to.y),
  }
}

/** Whether two rectangles have a point in common; touching is enough. */
export function intersects(one: Rect, other: Rect): boolean {
  return (
    one.x <= other.x + other.width &&
    other.x <= one.x + one.width &&
    one.y <= other.y + other.height &&
    other.y <= one.y + one.height
  )
}

/** Ids of the resources with a card that a rubber band touches, each once, in the order of the map. Ghosts are none. */
export function caughtBy(layout: MapLayout, band: Rect): readonly string[] {
  const caught = layout.cards.filter((card) => !card.isGhost && intersects(card, band)).map((card) => card.resource)
  return [...new Set(caught)]
}

/** The card that an arrow key leads to from another: the nearest that lies in its direction, straight ahead first. */
export function neighbour(layout: MapLayout, from: Card, key: string): Card | undefined {
  const steps: Readonly<Record<string, readonly [number, number]>> = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1],
  }
  const step = steps[key]
  if (step === undefined) return undefined
  let best: Card | undefined
  let bestCost = Number.POSITIVE_INFINITY
  for (const card of layout.cards) {
    const ahead = (card.x - from.x) * step[0] + (card.y - from.y) * step[1]
    if (card.isGhost || ahead <= 0) continue
    const aside = Math.abs((card.x - from.x) * step[1]) + Math.abs((card.y - from.y) * step[0])
    const cost = ahead + 4 * aside
    if (cost < bestCost) {
      best = card
      bestCost = cost
    }
  }
  return best
}

/** A constraint drawn on the map: from card to card where both are on one node, else between the nearest of each. */
export type Line = {
  readonly id: string
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

/** Where the line of a constraint between two resources is; nothing where one of them has no card. */
export function lineBetween(
  id: string,
  from: readonly Card[] | undefined,
  to: readonly Card[] | undefined,
): Line | undefined {
  const first = from?.[0]
  if (from === undefined || to === undefined || first === undefined) return undefined
  const start = from.find((card) => to.some((other) => other.node === card.node)) ?? first
  const end = to.find((card) => card.node === start.node) ?? to[0]
  if (end === undefined) return undefined
  const isLeft = start.x < end.x
  const isBelow = start.x === end.x
  return {
    id,
    x1: isBelow ? start.x + start.width / 2 : isLeft ? start.x + start.width : start.x,
    y1: isBelow ? (start.y < end.y ? start.y + start.height : start.y) : start.y + start.height / 2,
    x2: isBelow ? end.x + end.width / 2 : isLeft ? end.x : end.x + end.width,
    y2: isBelow ? (start.y < end.y ? end.y : end.y + end.height) : end.y + end.height / 2,
  }
}
