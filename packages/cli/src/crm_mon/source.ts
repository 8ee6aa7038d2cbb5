import { cibFaults, exitCodeOf, exitCodes, faultText } from '@quorate/cib'
import { pingPacemakerd } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { unpackStatus } from '@quorate/scheduler'
import type { XmlElement } from '@quorate/xml'
import { cibFileOf, openCib } from '../pacemaker/cib-access.ts'
import { currentCib } from '../pacemaker/current-cib.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import { utcOffsetSeconds } from './local-time.ts'
import type { FencingHistory, Snapshot } from './view.ts'

/** How long to wait for pacemakerd, in milliseconds. */
const pingTimeoutMs = 30_000

/** A snapshot, or why there is none. */
export type Taken =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly code: number; readonly lines: readonly string[] }

/**
 * Takes a snapshot of the cluster, or of the CIB in a file.
 *
 * @param takeFencing asks the fencer, where its answer is shown
 */
export async function takeSnapshot(host: ToolHost, takeFencing?: () => Promise<FencingHistory>): Promise<Taken> {
  const isFile = cibFileOf(host.env) !== undefined
  let pacemakerd: Snapshot['pacemakerd']
  if (!isFile) {
    try {
      const answer = await pingPacemakerd('crm_mon', pingTimeoutMs)
      pacemakerd = { state: answer.state ?? '', lastUpdated: answer.lastUpdated }
    } catch (fault) {
      if (!(fault instanceof IpcError)) throw fault
      return disconnected()
    }
  }
  const opened = await openCib(host, { name: 'crm_mon', isReadOnly: true })
  if (!opened.ok) {
    return isFile
      ? { ok: false, code: exitCodes.ok, lines: [`Could not connect to the CIB: ${faultText(opened.rc)}`] }
      : {
          ok: false,
          code: exitCodeOf(opened.rc),
          lines: [`crm_mon: Connection to cluster failed: ${faultText(opened.rc)}`],
        }
  }
  const found = await wholeCib(opened.cib)
  await opened.cib.close()
  if (!('cib' in found)) {
    return {
      ok: false,
      code: exitCodeOf(found.rc),
      lines: [`crm_mon: Connection to cluster failed: ${faultText(found.rc)}`],
    }
  }
  const cib = currentCib(found.cib, host)
  if (cib === undefined) {
    const why = faultText(cibFaults.schema)
    return { ok: false, code: exitCodeOf(cibFaults.schema), lines: [`crm_mon: Upgrade failed: ${why}`] }
  }
  const fencing = isFile ? undefined : await takeFencing?.()
  return { ok: true, snapshot: { ...snapshotOf(cib, pacemakerd, host), fencing } }
}

/** What is shown where the cluster does not run on this machine. */
export function disconnected(): Taken & { readonly ok: false } {
  return {
    ok: false,
    code: exitCodeOf(-111),
    lines: [
      'error: Could not connect to launcher: Connection refused',
      'crm_mon: Connection to cluster failed: Connection refused',
    ],
  }
}

/** Unpacks a CIB as of now. */
export function snapshotOf(cib: XmlElement, pacemakerd: Snapshot['pacemakerd'], host: ToolHost): Snapshot {
  const nowSeconds = Math.floor(host.now() / 1000)
  const offsetSeconds = utcOffsetSeconds(host.now())
  const effectiveTime = { epochSeconds: nowSeconds, offsetSeconds }
  const cluster = unpackStatus(cib, { nowSeconds, effectiveTime, utcOffsetSeconds: offsetSeconds })
  return { cluster, pacemakerd, nowSeconds }
}
