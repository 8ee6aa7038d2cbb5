import { Prng } from '@quorate/base'
import { schemaNames, schemaNumber } from '@quorate/cib'
import { element, type XmlElement } from '@quorate/xml'
import { Chance } from '../conformance/random/chance.ts'
import { SetMaker } from './sets.ts'

const firstNew = 'pacemaker-3.0'
const claims = [
  ...schemaNames.slice(0, schemaNames.indexOf(firstNew)),
  'pacemaker-0.6',
  'pacemaker-2.10',
  'pacemaker-1.3',
]

/** A CIB of an old schema, from a seed: small, mostly valid, full of what upgrades rename, move, drop and refuse. */
export function oldCib(seed: number): XmlElement {
  const chance = new Chance(new Prng(BigInt(seed)))
  const claim = chance.pick(claims)
  return new OldCib(chance, claim, schemaNumber(claim) ?? 100).cib()
}

class OldCib {
  readonly #chance: Chance
  readonly #claim: string
  readonly #schema: number
  readonly #make: SetMaker
  readonly #resources: string[] = []

  constructor(chance: Chance, claim: string, schema: number) {
    this.#chance = chance
    this.#claim = claim
    this.#schema = schema
    this.#make = new SetMaker(chance, schema)
  }

  cib(): XmlElement {
    const chance = this.#chance
    const sections = [
      element('crm_config', {}, this.#make.sets(['cluster_property_set'], 'options')),
      element('nodes', {}, this.#nodes()),
      element(
        'resources',
        {},
        this.#some(0, 3, () => this.#resource()),
      ),
      element('constraints', {}, this.#resources.length === 0 ? [] : this.#some(0, 2, () => this.#constraint())),
    ]
    if (chance.yes(35)) {
      sections.splice(
        chance.int(0, 1) * 4,
        0,
        element('rsc_defaults', {}, this.#make.sets(['meta_attributes'], 'rsc_defaults')),
      )
    }
    if (chance.yes(35)) sections.push(element('op_defaults', {}, this.#make.sets(['meta_attributes'], 'op_defaults')))
    if (this.#has(102) && chance.yes(30)) sections.push(this.#acls())
    if (this.#has(102) && chance.yes(15)) sections.push(this.#topology())
    if (this.#has(103) && chance.yes(10)) sections.push(this.#tags())
    if (this.#has(205) && chance.yes(15)) sections.push(this.#alerts())
    const root = { 'validate-with': this.#claim, admin_epoch: '0', epoch: '3', num_updates: '2' }
    return element('cib', root, [element('configuration', {}, sections), element('status')])
  }

  /** Whether the schema has what came with another; now and then it is used too early. */
  #has(since: number): boolean {
    return this.#schema >= since || this.#chance.yes(2)
  }

  #some<T>(low: number, high: number, one: () => T): T[] {
    return Array.from({ length: this.#chance.int(low, high) }, one)
  }

  #nodes(): XmlElement[] {
    return this.#some(0, 2, () => {
      const id = this.#make.id('node')
      const type = this.#chance.pick(['normal', 'member', 'member', 'ping'])
      return element('node', { id, uname: id, type }, this.#make.sets(['instance_attributes'], 'node', 1))
    })
  }

  #resource(): XmlElement {
    const chance = this.#chance
    const kind = chance.pick(['primitive', 'primitive', 'primitive', 'group', 'clone', 'master', 'template', 'bundle'])
    if (kind === 'template' && this.#has(102)) return this.#primitive('template')
    if (kind === 'bundle' && this.#has(208)) {
      const inside = [element('docker', { image: 'i', masters: chance.maybe(50, ['1']) })]
      if (chance.yes(50))
        inside.push(element('network', { 'ip-range-start': '10.0.0.1' }), this.#primitive('primitive'))
      return element('bundle', { id: this.#resourceId() }, [
        ...inside,
        ...this.#make.sets(['meta_attributes'], 'other', 1),
      ])
    }
    if (kind === 'group' || kind === 'clone' || kind === 'master') {
      const sets = this.#make.sets(['meta_attributes', 'instance_attributes'], 'other', 1)
      return element(kind, { id: this.#resourceId() }, [...sets, this.#primitive('primitive')])
    }
    return this.#primitive('primitive')
  }

  #resourceId(): string {
    const id = this.#make.id('rsc')
    this.#resources.push(id)
    return id
  }

  #primitive(kind: 'primitive' | 'template'): XmlElement {
    const chance = this.#chance
    const id = kind === 'primitive' ? this.#resourceId() : this.#make.id('t')
    const agent = chance.yes(60)
      ? { class: 'ocf', provider: 'p', type: 'T' }
      : { class: chance.pick(this.#has(102) ? ['stonith', 'lsb', 'systemd', 'nagios'] : ['stonith', 'lsb']), type: 'T' }
    const children = this.#make.sets(['meta_attributes', 'instance_attributes'], 'primitive', 3)
    if (chance.yes(70)) {
      children.splice(
        chance.int(0, children.length),
        0,
        element(
          'operations',
          {},
          this.#some(0, 3, () => this.#operation()),
        ),
      )
    }
    if (this.#has(102) && chance.yes(10)) children.push(this.#make.set('utilization', 'other'))
    return element(kind, { id, ...agent }, children)
  }

  #operation(): XmlElement {
    const chance = this.#chance
    const attributes = {
      id: this.#make.id('op'),
      name: chance.pick(['start', 'start', 'promote', 'stop', 'monitor']),
      interval: chance.pick(['0', '10s']),
      requires: chance.maybe(65, ['nothing', 'quorum', 'fencing']),
      timeout: chance.maybe(70, ['20s']),
      role: chance.maybe(80, ['Master', 'Started']),
      'on-fail': chance.maybe(80, ['fence', 'restart']),
    }
    return element('op', attributes, this.#make.sets(['meta_attributes', 'instance_attributes'], 'op', 2))
  }

  #constraint(): XmlElement {
    const chance = this.#chance
    const id = this.#make.id('c')
    const rsc = chance.pick(this.#resources)
    const other = chance.pick(this.#resources)
    switch (chance.int(0, 3)) {
      case 0: {
        const name = chance.maybe(30, ['score', 'score-attribute', 'score-attribute-mangle'])
        const score = name === undefined ? {} : { [name]: '5' }
        return element('rsc_colocation', { id, rsc, 'with-rsc': other, ...score }, this.#lifetime())
      }
      case 1:
        return element(
          'rsc_order',
          // biome-ignore lint/suspicious/noThenProperty: the name of the attribute
          { id, first: rsc, then: other, score: chance.maybe(50, ['0', '5']) },
          this.#lifetime(),
        )
      case 2:
        return element('rsc_location', { id, rsc }, [this.#make.rule(), ...this.#lifetime()])
      default:
        return element('rsc_location', { id, rsc, node: 'n1', score: '5' }, this.#lifetime())
    }
  }

  #lifetime(): XmlElement[] {
    return this.#chance.yes(20) ? [element('lifetime', {}, [this.#make.rule()])] : []
  }

  #acls(): XmlElement {
    const isOld = this.#schema < 200
    const roles: string[] = []
    const items = this.#some(0, 3, () => {
      const id = this.#make.id('a')
      const wanted = this.#chance.int(0, 2)
      if (wanted === 0 || (wanted === 1 && roles.length === 0)) {
        roles.push(id)
        return element(
          'acl_role',
          { id },
          this.#some(0, 3, () => this.#permission(isOld)),
        )
      }
      if (wanted === 1) {
        const child = element(isOld ? 'role_ref' : 'role', { id: this.#chance.pick(roles) })
        return element(isOld ? 'acl_user' : 'acl_target', { id }, [child])
      }
      return element(
        isOld ? 'acl_user' : 'acl_target',
        { id },
        isOld ? this.#some(0, 2, () => this.#permission(true)) : [],
      )
    })
    return element('acls', {}, items)
  }

  #permission(isOld: boolean): XmlElement {
    const chance = this.#chance
    const id = this.#make.id('p')
    const kind = chance.pick(['read', 'write', 'deny'])
    if (!isOld) return element('acl_permission', { id, kind, xpath: '//cib' })
    const target = chance.pick([
      { tag: 'primitive' },
      { xpath: '/cib/configuration' },
      ...(this.#resources.length === 0 ? [] : [{ ref: chance.pick(this.#resources) }]),
      ...(this.#resources.length === 0 ? [] : [{ tag: 'primitive', ref: chance.pick(this.#resources) }]),
    ])
    return element(kind, { id, ...target, attribute: chance.maybe(60, ['name']) })
  }

  #topology(): XmlElement {
    const target =
      this.#has(204) && this.#chance.yes(40) ? { 'target-attribute': 'a', 'target-value': 'b' } : { target: 'n1' }
    return element('fencing-topology', {}, [
      element('fencing-level', { id: this.#make.id('f'), ...target, index: '1', devices: 'd' }),
    ])
  }

  #tags(): XmlElement {
    const inside = this.#resources.slice(0, 2).map((id) => element('obj_ref', { id }))
    return element('tags', {}, inside.length === 0 ? [] : [element('tag', { id: this.#make.id('tag') }, inside)])
  }

  #alerts(): XmlElement {
    const sets = this.#make.sets(['meta_attributes', 'instance_attributes'], 'other', 1)
    return element('alerts', {}, [element('alert', { id: this.#make.id('al'), path: '/bin/true' }, sets)])
  }
}
