import { attr, child, element, idOf, withAttributes, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { parameterDigest } from './place.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'

/** Parameters of primitives by id, as far as they are the same everywhere. */
type Parameters = ReadonlyMap<string, Readonly<Record<string, string>>>

function choose(chance: Chance): Readonly<Record<string, string>> {
  const all = { state: '/run/x', passwd: 'secret', delay: '5', 'odd name': 'a&b', '1': 'one' }
  return Object.fromEntries(Object.entries(all).filter(() => chance.yes(35)))
}

function withDigests(chance: Chance, entry: XmlElement, parameters: Readonly<Record<string, string>>): XmlElement {
  const interval = Number(attr(entry, 'interval') ?? '0')
  const timeoutMs = interval > 0 ? 20_000 : undefined
  const old = chance.yes(30) ? { ...parameters, [chance.pick(['state', 'passwd', 'delay'])]: 'before' } : parameters
  const names = chance.pick([['state'], ['state', 'delay'], ['passwd'], []])
  const only = (kept: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(old).filter(([name]) => kept(name)))
  const restarts = chance.yes(35)
  const secures = chance.yes(30)
  return withAttributes(entry, {
    'op-digest': chance.yes(93) ? parameterDigest(old, timeoutMs) : undefined,
    'op-force-restart': restarts && chance.yes(85) ? ` ${names.join(' ')} ` : undefined,
    'op-restart-digest': restarts ? parameterDigest(only((name) => names.includes(name))) : undefined,
    'op-secure-params': secures ? ' passwd ' : undefined,
    'op-secure-digest': secures
      ? parameterDigest(
          only((name) => name !== 'passwd'),
          chance.yes(80) ? undefined : timeoutMs,
        )
      : undefined,
    crm_feature_set: chance.yes(85) ? '3.16.1' : chance.pick(['3.15.0', '3.0.9']),
  })
}

function withSets(
  chance: Chance,
  configuration: XmlElement,
  found: Map<string, Readonly<Record<string, string>>>,
): XmlElement {
  return replaceChild(configuration, 'resources', (resources) =>
    rewriteBelow(resources, (item) => {
      const isPlain =
        item.name === 'primitive' && attr(item, 'type') !== 'remote' && child(item, 'instance_attributes') === undefined
      if (!isPlain || !chance.yes(60)) return [item]
      const parameters = choose(chance)
      found.set(idOf(item), parameters)
      const set = element(
        'instance_attributes',
        { id: `${idOf(item)}-params` },
        Object.entries(parameters).map(([name, value], i) =>
          element('nvpair', { id: `${idOf(item)}-p${i}`, name, value }),
        ),
      )
      return [{ ...item, children: [set, ...item.children] }]
    }),
  )
}

/** Gives resources parameters, and their histories digests of these or of other ones. */
export function withParameters(chance: Chance, cib: XmlElement): XmlElement {
  const found = new Map<string, Readonly<Record<string, string>>>()
  const configured = replaceChild(cib, 'configuration', (item) => withSets(chance, item, found))
  const parameters: Parameters = found
  return replaceChild(configured, 'status', (status) =>
    rewriteBelow(status, (item) => {
      if (item.name !== 'lrm_resource') return [item]
      const own = parameters.get((attr(item, 'id') ?? '').replace(/:.*/, ''))
      if (own === undefined) return [item]
      return [{ ...item, children: item.children.map((entry) => withDigests(chance, entry, own)) }]
    }),
  )
}
