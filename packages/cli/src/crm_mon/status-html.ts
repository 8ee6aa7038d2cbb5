import type { StatusItem } from '@quorate/scheduler'
import { type HtmlElement, html, writeHtml } from './html-tree.ts'
import { pageBlocks } from './page-blocks.ts'
import { statusBlocks } from './status-text.ts'
import type { Snapshot, View } from './view.ts'

/** What a page is made with. */
export type PageOptions = {
  readonly title: string
  readonly styleSheet: string | undefined
  readonly isCgi: boolean
  /** After how long a browser is to read it again; left out where it would get the same. */
  readonly refreshSeconds: number | undefined
}

/** The looks of what has a class. */
const styles = `.bold { font-weight: bold }
.online { color: green }
.offline { color: red }
.maint { color: blue }
.standby { color: blue }
.health_red { color: red }
.health_yellow { color: GoldenRod }
.rsc-failed { color: red }
.rsc-failure-ignored { color: DarkGreen }
.rsc-managed { color: blue }
.rsc-multiple { color: orange }
.rsc-ok { color: green }
.warning { color: red; font-weight: bold }`

/** The status as a page of HTML. */
export function statusHtml(snapshot: Snapshot, view: View, options: PageOptions): string {
  const blocks = statusBlocks(snapshot, view, pageBlocks).flatMap((block) => [
    html('h2', [block.title]),
    list(block.items),
  ])
  return page(blocks, options)
}

/** A page that says what went wrong. */
export function faultPage(lines: readonly string[], options: PageOptions): string {
  return page(
    lines.map((line) => html('ul', [html('li', [line])])),
    options,
  )
}

function page(body: readonly HtmlElement[], options: PageOptions): string {
  const { title, styleSheet, isCgi, refreshSeconds } = options
  const head = html('head', [
    html('title', [title]),
    html('meta', [], { charset: 'utf-8' }),
    ...(refreshSeconds === undefined
      ? []
      : [html('meta', [], { 'http-equiv': 'refresh', content: String(refreshSeconds) })]),
    html('style', [styles]),
    ...(styleSheet === undefined ? [] : [html('link', [], { rel: 'stylesheet', href: styleSheet })]),
  ])
  const document = writeHtml(html('html', [head, html('body', body)], { lang: 'en' }))
  return `${isCgi ? 'Content-Type: text/html\n\n' : ''}<!DOCTYPE html>\n${document}\n`
}

function list(items: readonly StatusItem[]): HtmlElement {
  // A list without a title stands in the place of its item.
  const shown = items.flatMap((item) =>
    item.text === '' && item.parts === undefined ? (item.items ?? [item]) : [item],
  )
  return html('ul', shown.map(listItem))
}

function listItem(item: StatusItem): HtmlElement {
  const { text, look, parts, label, items } = item
  if (parts !== undefined) return html('li', [...parts.map(span), ...(items ?? []).map(listItem)])
  if (items !== undefined) return html('li', [html('h3', [text.replace(/^Node: (.*)$/s, '$1:')]), list(items)])
  if (look !== undefined) return html('li', [span({ text, look })])
  return html('li', [label === undefined ? text : `${label}:\t${text}`])
}

function span({ text, look }: { readonly text: string; readonly look?: string }): HtmlElement {
  return html('span', [text], look === undefined ? {} : { class: look })
}
