import type { Given } from '../pacemaker/command-line.ts'
import type { Options } from '../pacemaker/tool-options.ts'
import {
  changeSections,
  defaultSections,
  type Extent,
  excludeNames,
  includeNames,
  type Section,
  type Shown,
} from './sections.ts'
import type { View } from './view.ts'

/** Formats of the display. */
export type Format = 'console' | 'text' | 'xml' | 'json' | 'html' | 'none'

/** In what form the status is asked for, and where it goes. */
export type Form = {
  readonly format: Format
  /** XML as it was before tools had results: without the envelope. */
  readonly isOldXml: boolean
  /** Only whether all is well, in one line. */
  readonly isSimple: boolean
  /** A page that a web server asks for. */
  readonly isCgi: boolean
  /** File to write; undefined or `-`: standard output. */
  readonly file: string | undefined
}

/** What chose the format before `--output-as` is looked at: then that has to be the name of one, letter by letter. */
type Chosen = 'as-html' | 'as-xml' | 'web-cgi' | 'disable-ncurses' | 'simple-status'

const names: readonly Format[] = ['console', 'text', 'xml', 'json', 'html', 'none']

/** The form that a line asks for; or the name of a format that is none. The last option that has to do with it wins. */
export function formOf(given: readonly Given[]): Form | { readonly unknown: string } {
  let asked: string | undefined
  let chosen: Chosen | undefined
  let file: string | undefined
  for (const { long, value } of given) {
    if (long === 'output-as') asked = value ?? ''
    else if (long === 'output-to') file = value
    else if (long === 'as-html' || long === 'as-xml' || long === 'web-cgi' || long === 'simple-status') {
      chosen = long
      asked = { 'as-html': 'html', 'as-xml': 'xml', 'web-cgi': 'html', 'simple-status': 'console' }[long]
      if (long === 'as-html') file = value
    } else if (long === 'disable-ncurses') chosen = long
  }
  const form = {
    isOldXml: chosen === 'as-xml',
    isSimple: chosen === 'simple-status',
    isCgi: chosen === 'web-cgi',
    file,
  }
  if (chosen !== undefined) {
    const format = asked === undefined ? 'text' : names.find((name) => name === asked)
    return format === undefined ? { unknown: asked ?? '' } : { ...form, format }
  }
  const lower = asked?.toLowerCase()
  if (lower === 'html' || lower === 'xml') return { ...form, format: lower }
  // What is no text is what a terminal shows.
  if (lower === 'text') return asked === 'text' ? { ...form, format: 'text' } : { unknown: asked ?? '' }
  return { ...form, format: asked === 'json' ? 'json' : 'console' }
}

/** Sections by the options in their order, or what is wrong with one. */
export function shownOf(given: readonly Given[], extent: Extent): Shown | string {
  let shown: Shown = { sections: new Set(defaultSections(extent)), banPrefix: '' }
  const add = (...names: readonly Section[]) => {
    shown = { ...shown, sections: new Set([...shown.sections, ...names]) }
  }
  const drop = (...names: readonly Section[]) => {
    shown = { ...shown, sections: new Set([...shown.sections].filter((item) => !names.includes(item))) }
  }
  if (given.some(({ long }) => long === 'quiet')) drop('times')
  for (const { long, value } of given) {
    if (long === 'include' || long === 'exclude') {
      const changed = changeSections(shown, long, value ?? '', extent)
      if (changed === undefined) return `--${long} options: ${long === 'include' ? includeNames : excludeNames}`
      shown = changed
    } else if (long === 'failcounts') add('failcounts')
    else if (long === 'operations') add('operations')
    else if (long === 'timing-details') add('operations')
    else if (long === 'tickets') add('tickets')
    else if (long === 'show-node-attributes') add('attributes')
    else if (long === 'hide-headers') drop('stack', 'dc', 'times', 'counts', 'maint-mode')
    else if (long === 'neg-locations') {
      add('bans')
      shown = { ...shown, banPrefix: value ?? '' }
    } else if (long === 'fence-history') {
      const level = fenceHistoryLevel(value)
      if (level === 0) drop('fencing-failed', 'fencing-pending', 'fencing-succeeded')
      else add('fencing-failed', 'fencing-pending')
      // Programs are told all of it or nothing.
      if (level > 1 || (level > 0 && extent === 'data')) add('fencing-succeeded')
    }
  }
  return shown
}

/** The level that `--fence-history` is given: 2 where it is none. */
function fenceHistoryLevel(value = ''): number {
  const level = Number.parseInt(value, 10)
  return level >= 0 ? level : 2
}

/** In how much detail a form tells the status. */
export function extentOf({ format }: Form): Extent {
  if (format === 'xml' || format === 'json') return 'data'
  return format === 'html' ? 'page' : 'text'
}

/** How a line asks for the status to be shown. */
export function viewOf(options: Options, shown: Shown, { format }: Form): View {
  const isData = format === 'xml' || format === 'json'
  return {
    shown,
    byNode: options.has('group-by-node'),
    showsInactive: options.has('inactive') || isData,
    showsDetail: options.has('show-detail'),
    isBrief: options.has('brief'),
    showsTiming: options.has('timing-details') || isData,
    onlyNode: options.value('node'),
    onlyResource: options.value('resource'),
  }
}
