import { attr, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { rewriteBelow } from './rewrite.ts'

/** Names that sort in one way as text, in another as people count, and in a third without regard to case. */
const nodeNames = ['N10', 'n2', 'n010', 'n7', 'n07', 'Node', 'node-1', 'node_1', 'a.b', 'A2', '10', '9']

/** Where names of nodes stand. */
const nameAttributes = new Set(['uname', 'node', 'on_node', 'migrate_source', 'migrate_target', 'target', 'value'])

/** Gives members names and ids that are hard to sort. */
export function withNames(chance: Chance, cib: XmlElement): XmlElement {
  const left = [...nodeNames]
  const renamed = new Map<string, string>()
  const nameFor = (old: string): string => {
    const known = renamed.get(old)
    if (known !== undefined) return known
    const chosen = chance.pick(left)
    left.splice(left.indexOf(chosen), 1)
    renamed.set(old, chosen)
    return chosen
  }
  const isMember = /^n[1-8]$/
  const ids = chance.yes(50) ? ['7', '33', '101', '2', '4000000001', 'x', '08', '1'] : undefined
  const idFor = (old: string): string => ids?.[Number(old) - 1] ?? old
  const identified = new Set(['node', 'node_state', 'lrm', 'transient_attributes'])
  return rewriteBelow(cib, (item) => {
    const isOld = identified.has(item.name) && /^[1-8]$/.test(attr(item, 'id') ?? '')
    const flat = item.attributes.map((text, i) => {
      const name = item.attributes[i - 1] ?? ''
      if (i % 2 === 0) return text
      if (nameAttributes.has(name) && isMember.test(text)) return nameFor(text)
      return name === 'id' && isOld ? idFor(text) : text
    })
    return [{ ...item, attributes: flat }]
  })
}
