import {
  attr,
  comment,
  descendants,
  element,
  isComment,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'

const roles = ['Master', 'Slave', 'Started', 'Stopped']
const actions = ['start', 'promote', 'demote', 'stop']
const truths = ['true', 'false']

/** The document with more of what old schemas allow: sets of resources, tickets, references, roles, containers, comments. */
export function grown(root: XmlElement, chance: Chance): XmlElement {
  return new Growth(root, chance).of(root)
}

class Growth {
  readonly #chance: Chance
  readonly #resources: readonly string[]
  readonly #templates: readonly string[]
  readonly #rules: readonly string[]
  readonly #operations: string[] = []
  readonly #resourceSets: string[] = []
  #count = 0

  constructor(root: XmlElement, chance: Chance) {
    const idsOf = (...names: readonly string[]) =>
      [...descendants(root)].flatMap((item) => (names.includes(item.name) ? (attr(item, 'id') ?? []) : []))
    this.#chance = chance
    this.#resources = idsOf('primitive', 'group', 'clone', 'master')
    this.#templates = idsOf('template')
    this.#rules = idsOf('rule')
  }

  of(node: XmlElement): XmlElement {
    if (isComment(node)) return node
    const children = node.children.map((item) => this.of(item))
    const more = this.#moreIn(node, children)
    if (this.#chance.yes(3)) children.splice(this.#chance.int(0, children.length), 0, comment(` ${this.#id('c')} `))
    return withAttributes(withChildren(node, children), more)
  }

  /** Adds to the children of an element; answers what its attributes are to be besides. */
  #moreIn(node: XmlElement, children: XmlElement[]): Readonly<Record<string, string | undefined>> {
    const chance = this.#chance
    switch (node.name) {
      case 'cib':
        return { 'have-quorum': chance.maybe(85, ['1']), crm_feature_set: chance.maybe(85, ['3.0.9']) }
      case 'crm_config':
        if (chance.yes(30)) children.push(this.#options())
        return {}
      case 'constraints':
        for (let n = this.#resources.length === 0 ? 0 : chance.int(0, 3); n > 0; n -= 1) {
          children.splice(chance.int(0, children.length), 0, this.#constraint())
        }
        return {}
      case 'operations':
        return this.#operationsId()
      case 'op':
        return this.#operationDetails()
      case 'primitive':
        return this.#agent()
      case 'clone':
      case 'master':
        if (chance.yes(30)) this.#wrap(children)
        return {}
      case 'alert':
        if (chance.yes(40)) children.push(element('recipient', { id: this.#id('re'), value: 'v' }))
        return {}
      case 'meta_attributes':
      case 'instance_attributes':
      case 'cluster_property_set':
        if (attr(node, 'id') !== undefined && chance.yes(6)) children.unshift(this.#rule(0))
        return {}
      default:
        return {}
    }
  }

  #id(stem: string): string {
    this.#count += 1
    return `${stem}-more${this.#count}`
  }

  #options(): XmlElement {
    const name = this.#chance.pick([
      'default-action-timeout',
      'is-managed-default',
      'notification-agent',
      'stonith_enabled',
    ])
    const pair = element('nvpair', { id: this.#id('nv'), name, value: this.#chance.pick(['10', 'true', '/x']) })
    return element('cluster_property_set', { id: this.#id('cps'), score: this.#chance.maybe(70, ['9']) }, [pair])
  }

  #operationsId(): Readonly<Record<string, string | undefined>> {
    if (this.#chance.yes(20)) {
      const id = this.#id('ops')
      this.#operations.push(id)
      return { id }
    }
    return this.#operations.length > 0 && this.#chance.yes(15) ? { 'id-ref': this.#chance.pick(this.#operations) } : {}
  }

  #operationDetails(): Readonly<Record<string, string | undefined>> {
    const chance = this.#chance
    if (chance.yes(60)) return {}
    return chance.pick([
      { requires: chance.pick(['unfencing', 'quorum', 'nothing', 'fencing']) },
      { 'start-delay': '5' },
      { 'interval-origin': '2001-001' },
      { enabled: chance.pick(truths), 'record-pending': 'true' },
      { 'on-fail': chance.pick(['ignore', 'block', 'stop', 'standby', 'restart-container', 'demote']) },
    ])
  }

  #agent(): Readonly<Record<string, string | undefined>> {
    const chance = this.#chance
    if (this.#templates.length > 0 && chance.yes(12)) {
      return { template: chance.pick(this.#templates), class: undefined, provider: undefined, type: undefined }
    }
    if (chance.yes(88)) return {}
    return { class: chance.pick(['heartbeat', 'upstart', 'service', 'lsb', 'systemd']), provider: undefined }
  }

  #wrap(children: XmlElement[]): void {
    const at = children.findIndex(({ name }) => name === 'primitive')
    const inner = children[at]
    if (inner !== undefined) children.splice(at, 1, element('group', { id: this.#id('g') }, [inner]))
  }

  #rule(depth: number): XmlElement {
    const chance = this.#chance
    if (this.#rules.length > 0 && chance.yes(12)) return element('rule', { 'id-ref': chance.pick(this.#rules) })
    const score = chance.pick([{ score: '5' }, { 'score-attribute': 'pingd' }, { score: '-INFINITY' }])
    const parts = Array.from({ length: chance.int(1, 2) }, () => this.#expression(depth))
    const joined = chance.maybe(70, ['and', 'or'])
    return element('rule', { id: this.#id('r'), ...score, role: chance.maybe(85, roles), 'boolean-op': joined }, parts)
  }

  #expression(depth: number): XmlElement {
    const id = this.#id('e')
    switch (this.#chance.int(depth > 1 ? 1 : 0, 3)) {
      case 0:
        return this.#rule(depth + 1)
      case 1:
        return element('date_expression', { id, operation: 'lt', end: '2030-01-01' })
      case 2: {
        const spec = element('date_spec', { id: this.#id('ds'), hours: '9-16', moon: this.#chance.maybe(90, ['0']) })
        return element('date_expression', { id, operation: 'date_spec' }, [spec])
      }
      default: {
        const operation = this.#chance.pick(['lt', 'gte', 'eq', 'ne', 'defined', 'not_defined'])
        return element('expression', { id, attribute: 'a', operation, value: this.#chance.maybe(30, ['v', '5']) })
      }
    }
  }

  #resourceSet(): XmlElement {
    const chance = this.#chance
    if (this.#resourceSets.length > 0 && chance.yes(15)) {
      return element('resource_set', { 'id-ref': chance.pick(this.#resourceSets) })
    }
    const id = this.#id('rs')
    this.#resourceSets.push(id)
    const attributes = {
      id,
      sequential: chance.maybe(70, truths),
      'require-all': chance.maybe(85, truths),
      action: chance.maybe(80, actions),
      role: chance.maybe(80, roles),
      score: chance.maybe(80, ['5', 'INFINITY']),
    }
    const members = Array.from({ length: chance.int(1, 2) }, () =>
      element('resource_ref', { id: chance.pick(this.#resources) }),
    )
    return element('resource_set', attributes, members)
  }

  #resourceSetsOf(): XmlElement[] {
    return Array.from({ length: this.#chance.int(1, 2) }, () => this.#resourceSet())
  }

  #constraint(): XmlElement {
    const chance = this.#chance
    const id = this.#id('c')
    const rsc = chance.pick(this.#resources)
    const lifetime = chance.yes(15) ? [element('lifetime', {}, [this.#rule(0)])] : []
    const score = chance.pick([
      {},
      { score: '-INFINITY' },
      { 'score-attribute': 'x' },
      { 'score-attribute-mangle': 'y' },
    ])
    const weight = chance.pick([{}, { score: chance.pick(['0', '5', '-5', '+5', '00']) }, { kind: 'Serialize' }])
    switch (chance.int(0, 6)) {
      case 0:
        return element('rsc_colocation', { id, ...score }, [...lifetime, ...this.#resourceSetsOf()])
      case 1: {
        const parts = [...lifetime, ...this.#resourceSetsOf()]
        return element('rsc_order', { id, symmetrical: chance.maybe(70, truths), ...weight }, parts)
      }
      case 2: {
        const ends = { first: rsc, 'first-action': chance.maybe(70, actions), 'then-action': chance.maybe(70, actions) }
        // biome-ignore lint/suspicious/noThenProperty: the name of the attribute
        return element('rsc_order', { id, ...ends, then: chance.pick(this.#resources), ...weight }, lifetime)
      }
      case 3:
        return element('rsc_ticket', { id, ticket: 'T', rsc, 'loss-policy': chance.maybe(50, ['stop', 'freeze']) })
      case 4:
        return element('rsc_ticket', { id, ticket: 'T' }, [this.#resourceSet()])
      case 5: {
        const where = chance.pick([{ rsc }, { 'rsc-pattern': '^a' }])
        const role = chance.maybe(85, roles)
        return element('rsc_location', { id, ...where, role }, [this.#rule(0), ...lifetime])
      }
      default:
        return element('rsc_location', { id, node: 'n1', score: '5' }, [this.#resourceSet(), ...lifetime])
    }
  }
}
