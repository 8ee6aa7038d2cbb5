import type { StatusItem } from '@quorate/scheduler'
import { statusBlocks } from './status-text.ts'
import type { Snapshot, View } from './view.ts'

/** What a page is made with. */
export type PageOptions = {
  readonly title: string
  readonly styleSheet: string | undefined
  readonly isCgi: boolean
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => entities[found] as string)
}

/** The status as a page of HTML. */
export function statusHtml(snapshot: Snapshot, view: View, options: PageOptions): string {
  const head = options.isCgi ? 'Content-Type: text/html\n\n' : ''
  const style =
    options.styleSheet === undefined ? '' : `<link rel="stylesheet" href="${escaped(options.styleSheet)}">\n`
  const blocks = statusBlocks(snapshot, view).map((block) => {
    const notes = (block.after ?? []).filter((line) => line !== '').map((line) => `<p>${escaped(line.trim())}</p>\n`)
    return `<h2>${escaped(block.title)}</h2>\n${list(block.items)}${notes.join('')}`
  })
  return `${head}<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escaped(options.title)}</title>
${style}</head>
<body>
${blocks.join('')}</body>
</html>
`
}

function list(items: readonly StatusItem[]): string {
  if (items.length === 0) return ''
  const rows = items.map((item) => {
    const label = item.label === undefined ? '' : `${item.label}: `
    return `<li>${escaped(label + item.text)}${item.items === undefined ? '' : `\n${list(item.items)}`}</li>\n`
  })
  return `<ul>\n${rows.join('')}</ul>\n`
}
