import { attr, child, descendants, type XmlElement } from '@quorate/xml'

/** The option cluster-name. */
export function clusterName(cib: XmlElement): string | undefined {
  const configuration = child(cib, 'configuration')
  const options = configuration && child(configuration, 'crm_config')
  if (options === undefined) return undefined
  for (const item of descendants(options)) {
    if (item.name === 'nvpair' && attr(item, 'name') === 'cluster-name') return attr(item, 'value')
  }
  return undefined
}

/** Names of the members that a CIB knows. */
export function memberNames(cib: XmlElement): readonly string[] {
  const configuration = child(cib, 'configuration')
  const nodes = configuration && child(configuration, 'nodes')
  if (nodes === undefined) return []
  return [...descendants(nodes)].flatMap((item) => {
    const name = item.name === 'node' && attr(item, 'type') !== 'remote' ? attr(item, 'uname') : undefined
    return name === undefined ? [] : [name]
  })
}
