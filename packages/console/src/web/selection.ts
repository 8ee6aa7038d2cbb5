/** One object of a cluster that can be selected: a resource by its id, a node by its name. */
export type ItemKey = `resource:${string}` | `node:${string}`

/**
 * What is selected, the same in every view. `anchor` is where a range begins, `focus` the one item that the keyboard is
 * at; both may be items that are not selected.
 */
export type Selection = {
  readonly keys: ReadonlySet<ItemKey>
  readonly anchor: ItemKey | undefined
  readonly focus: ItemKey | undefined
}

export const nothingSelected: Selection = { keys: new Set(), anchor: undefined, focus: undefined }

export function resourceKey(id: string): ItemKey {
  return `resource:${id}`
}

export function nodeKey(name: string): ItemKey {
  return `node:${name}`
}

/** The kind and the name that a key was made of. */
export function itemOf(key: ItemKey): { readonly kind: 'resource' | 'node'; readonly name: string } {
  return key.startsWith('node:')
    ? { kind: 'node', name: key.slice('node:'.length) }
    : { kind: 'resource', name: key.slice('resource:'.length) }
}

/** Names of the selected resources or nodes, in the order in which they were selected. */
export function namesOf(selection: Selection, kind: 'resource' | 'node'): readonly string[] {
  return [...selection.keys]
    .map(itemOf)
    .filter((item) => item.kind === kind)
    .map((item) => item.name)
}

/** Selects one item and nothing else: a plain click. */
export function selectOnly(key: ItemKey): Selection {
  return { keys: new Set([key]), anchor: key, focus: key }
}

/** Takes one item in or out and leaves the rest: Ctrl and a click, or the space bar. */
export function toggle(selection: Selection, key: ItemKey): Selection {
  const keys = new Set(selection.keys)
  if (!keys.delete(key)) keys.add(key)
  return { keys, anchor: key, focus: key }
}

/**
 * Selects all from the anchor to `key`, in the order in which the view shows them: Shift and a click or an arrow.
 * What is selected besides goes, unless `isAdding`. Without an anchor in `order` the range is `key` alone.
 */
export function selectRange(
  selection: Selection,
  order: readonly ItemKey[],
  key: ItemKey,
  isAdding = false,
): Selection {
  const to = order.indexOf(key)
  if (to < 0) return selection
  const start = selection.anchor ?? selection.focus
  const found = start === undefined ? -1 : order.indexOf(start)
  const from = found < 0 ? to : found
  const range = order.slice(Math.min(from, to), Math.max(from, to) + 1)
  return { keys: new Set(isAdding ? [...selection.keys, ...range] : range), anchor: order[from], focus: key }
}

/** What a rubber band has caught becomes the selection, or is added to it. */
export function selectCaught(selection: Selection, caught: readonly ItemKey[], isAdding: boolean): Selection {
  const keys = new Set(isAdding ? [...selection.keys, ...caught] : caught)
  return { keys, anchor: caught[0] ?? selection.anchor, focus: caught[0] ?? selection.focus }
}

/** Selects all that a view shows. What is selected and not shown there (the filter keeps it away) goes. */
export function selectAll(selection: Selection, shown: readonly ItemKey[]): Selection {
  return { ...selection, keys: new Set(shown) }
}

/** Nothing is selected any more; the keyboard stays where it is. */
export function clearSelection(selection: Selection): Selection {
  return { keys: new Set(), anchor: undefined, focus: selection.focus }
}

/** Moves the keyboard to an item without selecting it. The next range begins there. */
export function focusOn(selection: Selection, key: ItemKey): Selection {
  return { ...selection, anchor: key, focus: key }
}

/** The selection without what is gone from the cluster, and what that was. */
export function withoutGone(
  selection: Selection,
  isThere: (key: ItemKey) => boolean,
): { readonly selection: Selection; readonly gone: readonly ItemKey[] } {
  const gone = [...selection.keys].filter((key) => !isThere(key))
  const kept = (key: ItemKey | undefined) => (key !== undefined && isThere(key) ? key : undefined)
  const anchor = kept(selection.anchor)
  const focus = kept(selection.focus)
  if (gone.length === 0 && anchor === selection.anchor && focus === selection.focus) return { selection, gone }
  return { selection: { keys: new Set([...selection.keys].filter(isThere)), anchor, focus }, gone }
}

/** Where a key press takes the keyboard among `order`; nothing where the key is none that moves it. */
export function movedFocus(
  order: readonly ItemKey[],
  focus: ItemKey | undefined,
  key: string,
  pageLength: number,
): ItemKey | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: pageLength,
    PageUp: -pageLength,
    Home: -order.length,
    End: order.length,
  }
  const step = steps[key]
  if (step === undefined || order.length === 0) return undefined
  const at = focus === undefined ? -1 : order.indexOf(focus)
  if (at < 0) return key === 'End' ? order.at(-1) : order[0]
  return order[Math.max(0, Math.min(order.length - 1, at + step))]
}

/** A key press as selections see it; `isCtrl` is the command key as well. */
export type Press = { readonly key: string; readonly isShift: boolean; readonly isCtrl: boolean }

/** The selection after a click on an item, in a view that shows `order`. */
export function afterClick(
  selection: Selection,
  order: readonly ItemKey[],
  key: ItemKey,
  click: Omit<Press, 'key'>,
): Selection {
  if (click.isShift) return selectRange(selection, order, key, click.isCtrl)
  return click.isCtrl ? toggle(selection, key) : selectOnly(key)
}

/** The selection after a key press, in a view that shows `order`; nothing where the press is none of selections. */
export function afterPress(
  selection: Selection,
  order: readonly ItemKey[],
  press: Press,
  pageLength: number,
): Selection | undefined {
  if (press.isCtrl && press.key.toLowerCase() === 'a') return selectAll(selection, order)
  if (press.key === 'Escape') return selection.keys.size === 0 ? undefined : clearSelection(selection)
  if (press.key === ' ') return selection.focus === undefined ? undefined : toggle(selection, selection.focus)
  const to = movedFocus(order, selection.focus, press.key, pageLength)
  if (to === undefined) return undefined
  return press.isShift ? selectRange(selection, order, to, press.isCtrl) : focusOn(selection, to)
}

/** Selections are written into addresses up to this many items, so that an address stays one that can be sent on. */
export const addressItemsMax = 50

/** Keys as one text, with commas between. */
export function keysText(keys: Iterable<ItemKey>): string {
  return [...keys].map((key) => key.replaceAll(/[%,]/g, encodeURIComponent)).join(',')
}

/** A selection as the `sel` of an address; nothing where it has too many items. */
export function selectionText(selection: Selection): string | undefined {
  return selection.keys.size > addressItemsMax ? undefined : keysText(selection.keys)
}

/** The keys of such a text; what is no key is left out. */
export function parseSelectionText(text: string): readonly ItemKey[] {
  return text
    .split(',')
    .map(decoded)
    .filter((key): key is ItemKey => /^(resource|node):./s.test(key))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
