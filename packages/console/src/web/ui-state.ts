import type { Supposition } from '../api/index.ts'
import {
  type ItemKey,
  nothingSelected,
  parseSelectionText,
  type Selection,
  selectAll,
  selectionText,
} from './selection.ts'
import { isLanguage, type Language } from './texts/language.ts'

export const views = ['table', 'matrix', 'map'] as const
export type View = (typeof views)[number]

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** What the panel at the side shows. */
export type Panel =
  | { readonly kind: 'overview' }
  | { readonly kind: 'details'; readonly item: ItemKey }
  | { readonly kind: 'change' }
  | { readonly kind: 'explain'; readonly resource: string; readonly node: string | undefined }
  | { readonly kind: 'whatIf'; readonly supposition: Supposition }

/** What a person has chosen to see. */
export type UiState = {
  readonly view: View
  readonly filter: string
  readonly panel: Panel
}

/** The part of an address that says what is seen: `?view=map&q=...&sel=...`. */
export function addressOf(ui: UiState, selection: Selection): string {
  const query = new URLSearchParams({ view: ui.view })
  if (ui.filter !== '') query.set('q', ui.filter)
  const text = selectionText(selection)
  if (text !== undefined && text !== '') query.set('sel', text)
  return `?${query}`
}

/** What an address asks to see; what it does not say, or says wrongly, is as at first. */
export function fromAddress(search: string): { readonly ui: UiState; readonly selection: Selection } {
  const query = new URLSearchParams(search)
  const view = views.find((name) => name === query.get('view')) ?? 'table'
  return {
    ui: { view, filter: query.get('q') ?? '', panel: { kind: 'overview' } },
    selection: selectAll(nothingSelected, parseSelectionText(query.get('sel') ?? '')),
  }
}

/** Preferences of the person, kept in the browser. */
export type Preferences = { readonly language: Language; readonly theme: Theme }

/** Reads stored preferences; what is missing or unknown is as in `fallback`. */
export function parsePreferences(text: string | null, fallback: Preferences): Preferences {
  const stored = parsedObject(text)
  const language = String(stored['language'])
  return {
    language: isLanguage(language) ? language : fallback.language,
    theme: themes.find((name) => name === stored['theme']) ?? fallback.theme,
  }
}

function parsedObject(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
