import type { Snapshot } from './view.ts'

/**
 * The one line that monitoring systems want, and their code: 0 fine, 1 something is wrong.
 */
export function simpleStatus({ cluster }: Snapshot): { readonly text: string; readonly code: number } {
  const problems: string[] = []
  if (cluster.dc === undefined) problems.push('No DC')
  const online = cluster.nodes.filter((node) => node.online)
  for (const node of cluster.nodes) if (!node.online) problems.push(`offline node: ${node.uname}`)
  if (problems.length > 0) return { text: `CLUSTER WARN: ${problems.join(', ')}\n`, code: 1 }
  const standby = online.filter((node) => node.standby).length
  const maintenance = online.filter((node) => node.maintenance).length
  const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
  let text = `CLUSTER OK: ${plural(online.length, 'node')} online`
  if (standby > 0) text += `, ${plural(standby, 'standby node')}`
  if (maintenance > 0) text += `, ${plural(maintenance, 'maintenance node')}`
  return { text: `${text}, ${plural(cluster.instanceCount, 'resource instance')} configured\n`, code: 0 }
}
