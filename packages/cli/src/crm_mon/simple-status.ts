import type { Snapshot } from './view.ts'

/**
 * The one line that monitoring systems want, and their code: 0 fine, 1 something is wrong.
 */
export function simpleStatus({ cluster }: Snapshot): { readonly text: string; readonly code: number } {
  const online = cluster.nodes.filter((node) => node.online)
  const offline = cluster.nodes
    .filter((node) => !node.online)
    .map(({ uname }) => `offline node:${uname === '' ? '' : ` ${uname}`}`)
  const problems = [
    ...(cluster.dc === undefined ? ['No DC'] : []),
    ...(offline.length === 0 ? [] : [offline.join(' ')]),
  ]
  if (problems.length > 0) return { text: `CLUSTER WARN: ${problems.join(', ')}\n`, code: 1 }
  const standby = online.filter((node) => node.standby).length
  const maintenance = online.filter((node) => node.maintenance && !node.standby).length
  const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
  let text = `CLUSTER OK: ${plural(online.length - standby - maintenance, 'node')} online`
  if (standby > 0) text += `, ${plural(standby, 'standby node')}`
  if (maintenance > 0) text += `, ${plural(maintenance, 'maintenance node')}`
  return { text: `${text}, ${plural(cluster.instanceCount, 'resource instance')} configured\n`, code: 0 }
}
