import { parseXml } from '@quorate/xml'
import { jsonOf } from '../pacemaker/output.ts'
import { statusXml } from './status-xml.ts'
import type { Snapshot, View } from './view.ts'

/** The status as JSON: the elements of the XML display, each an object with its attributes, and `children` in order. */
export function statusJson(snapshot: Snapshot, view: View, request: readonly string[]): string {
  const read = parseXml(statusXml(snapshot, view, request))
  if (!read.ok) throw new Error(`own XML cannot be read: ${read.error.reason}`)
  return `${JSON.stringify(jsonOf(read.value), undefined, 2)}\n`
}
