import { cibFaults, exitCodes, legacyErrors } from '@quorate/cib'
import { attr, descendants, parseXml } from '@quorate/xml'
import type { RememberedFencing } from '../cluster/fencing-view.ts'

/** Codes of exit that stand for one code of the CIB manager alone. */
const faultByExit: Readonly<Record<number, number>> = {
  [exitCodes.old]: cibFaults.old,
  [exitCodes.noSuchObject]: cibFaults.noSuchObject,
  [exitCodes.disconnect]: cibFaults.notConnected,
  [exitCodes.insufficientPrivileges]: cibFaults.denied,
}

/**
 * Code of the CIB manager's that a tool ended with. Its exit code alone does not say it: a patchset that does not fit and
 * any other error are both 1, and only the words differ.
 */
export function faultOfTool(rc: number, said: string): number {
  if (rc === 0) return 0
  const named = [...legacyErrors.values()].filter(({ text }) => text !== 'Error' && said.endsWith(`: ${text}`))
  // Of texts that end alike the longest is what was said.
  const [best] = named.sort((a, b) => b.text.length - a.text.length)
  return faultByExit[rc] ?? (best === undefined ? -1 : -best.code)
}

/** What `stonith_admin --history --output-as=xml` tells; nothing where that cannot be read. */
export function fencingHistory(xml: string): readonly RememberedFencing[] {
  const read = parseXml(xml)
  if (!read.ok) return []
  return [...descendants(read.value)]
    .filter(({ name }) => name === 'fence_event')
    .map((event) => {
      const status = attr(event, 'status')
      const completedMs = Date.parse(attr(event, 'completed') ?? '')
      return {
        target: attr(event, 'target'),
        action: attr(event, 'action'),
        executioner: attr(event, 'delegate'),
        origin: attr(event, 'origin'),
        client: attr(event, 'client'),
        state: status === 'success' ? 'done' : status === 'failed' ? 'failed' : 'pending',
        completedSeconds: Number.isNaN(completedMs) ? 0 : Math.floor(completedMs / 1000),
        completedNanoseconds: 0,
      }
    })
}

/** What is done to a target's failures with the tools: all its parts on one node, or on all that are online. */
export type CleanUpCommand = {
  readonly verb: 'cleanup' | 'refresh'
  readonly resource: string
  readonly node: string | undefined
}

/**
 * Clean-ups by target: `crm_resource` goes through the parts and nodes of one by itself. What is forgotten at all its places
 * is a refresh; else what has failed is cleaned up.
 */
export function cleanUpCommands(
  steps: readonly {
    readonly effective: string
    readonly node: { readonly uname: string }
    readonly forgets: boolean
  }[],
): readonly CleanUpCommand[] {
  const targets = new Map<string, { nodes: Set<string>; forgetsAll: boolean }>()
  for (const { effective, node, forgets } of steps) {
    const target = targets.get(effective) ?? { nodes: new Set(), forgetsAll: true }
    target.nodes.add(node.uname)
    target.forgetsAll &&= forgets
    targets.set(effective, target)
  }
  return [...targets].map(([resource, { nodes, forgetsAll }]) => {
    const [only] = nodes
    return { verb: forgetsAll ? 'refresh' : 'cleanup', resource, node: nodes.size === 1 ? only : undefined }
  })
}
