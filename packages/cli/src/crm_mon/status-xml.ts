import { exitCodes } from '@quorate/cib'
import { resultXml } from '../pacemaker/result-xml.ts'
import type { Snapshot, View } from './view.ts'

/** The status as XML. */
export function statusXml(_snapshot: Snapshot, _view: View, request: readonly string[]): string {
  return resultXml(request, [], exitCodes.ok)
}
