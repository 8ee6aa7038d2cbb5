import { comment, element, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'

/** Kinds of sets of name and value pairs. */
export type SetKind = 'cluster_property_set' | 'meta_attributes' | 'instance_attributes' | 'utilization'

/** Where a set stands: it decides which names matter to an upgrade there. */
export type SetPlace = 'options' | 'rsc_defaults' | 'op_defaults' | 'node' | 'primitive' | 'op' | 'other'

const optionNames = [
  'cluster_recheck_interval',
  'dc_deadtime',
  'default-action-timeout',
  'default_action_timeout',
  'default-migration-threshold',
  'default_migration_threshold',
  'default-resource-failure-stickiness',
  'default_resource_failure_stickiness',
  'default-resource-stickiness',
  'default_resource_stickiness',
  'election_timeout',
  'expected-quorum-votes',
  'is-managed-default',
  'is_managed_default',
  'no_quorum_policy',
  'notification-agent',
  'notification-recipient',
  'remove_after_stop',
  'shutdown_escalation',
  'startup_fencing',
  'stonith_action',
  'stonith_enabled',
  'stop_orphan_actions',
  'stop_orphan_resources',
  'symmetric_cluster',
  'transition_idle_timeout',
  'cluster-infrastructure',
  'cluster-delay',
  'stonith-enabled',
  'no-quorum-policy',
]
const metaNames = [
  'isolation',
  'isolation-host',
  'isolation-instance',
  'isolation-wrapper',
  'resource-failure-stickiness',
  'resource_failure_stickiness',
  'target-role',
  'is-managed',
  'requires',
  'priority',
  'is_managed',
]
const instanceNames = [
  'pcmk_arg_map',
  'pcmk_list_cmd',
  'pcmk_monitor_cmd',
  'pcmk_off_cmd',
  'pcmk_on_cmd',
  'pcmk_reboot_cmd',
  'pcmk_status_cmd',
  'pcmk_off_action',
  'pcmk_host_argument',
  'ip',
  'fake',
]
const operationNames = [
  'requires',
  'requires',
  'timeout',
  'timeout',
  'on-fail',
  'role',
  'interval-origin',
  'start-delay',
  'enabled',
  'record-pending',
  'fake',
  'pcmk_off_cmd',
]

function namesAt(place: SetPlace, kind: SetKind): readonly string[] {
  if (place === 'options') return optionNames
  if (place === 'rsc_defaults') return ['resource-stickiness', 'is-managed', 'priority', 'resource-failure-stickiness']
  if (place === 'op_defaults') return ['timeout', 'on-fail', 'requires', 'record-pending']
  if (place === 'op') return operationNames
  if (place === 'primitive' && kind === 'meta_attributes') return metaNames
  if (place === 'primitive' && kind === 'instance_attributes') return instanceNames
  return ['fake', 'isolation', 'pcmk_off_cmd', 'requires']
}

const values = [
  'true',
  'false',
  '10',
  'x',
  'nothing',
  'Stopped',
  'port:domain',
  'port:',
  'heartbeat',
  'cman',
  'corosync',
]

/** Makes sets, with ids that are used once, and remembers them, so that others can refer to them. */
export class SetMaker {
  readonly #chance: Chance
  readonly #schema: number
  readonly #made: { readonly kind: SetKind; readonly id: string }[] = []
  #count = 0

  constructor(chance: Chance, schema: number) {
    this.#chance = chance
    this.#schema = schema
  }

  /** A name that nothing else has. */
  id(stem: string): string {
    this.#count += 1
    return `${stem}${this.#count}`
  }

  set(kind: SetKind, place: SetPlace): XmlElement {
    const chance = this.#chance
    const known = this.#made.filter((one) => one.kind === kind)
    if (known.length > 0 && chance.yes(12)) return element(kind, { 'id-ref': chance.pick(known).id })
    const id = this.id('s')
    this.#made.push({ kind, id })
    const children: XmlElement[] = []
    if (chance.yes(15)) children.push(this.rule())
    for (let n = chance.int(0, 3); n > 0; n -= 1) {
      if (chance.yes(4)) children.push(comment(` about ${n} `))
      children.push(this.#pair(place, kind))
    }
    return element(kind, { id, score: chance.yes(15) ? String(chance.int(1, 9)) : undefined }, children)
  }

  /** Some sets of those kinds. */
  sets(kinds: readonly SetKind[], place: SetPlace, max = 2): XmlElement[] {
    const out: XmlElement[] = []
    for (let n = this.#chance.int(0, max); n > 0; n -= 1) out.push(this.set(this.#chance.pick(kinds), place))
    return out
  }

  #pair(place: SetPlace, kind: SetKind): XmlElement {
    const value = this.#chance.yes(3) ? undefined : this.#chance.pick(values)
    return element('nvpair', { id: this.id('n'), name: this.#chance.pick(namesAt(place, kind)), value })
  }

  rule(): XmlElement {
    const chance = this.#chance
    const at = this.id('r')
    const score = chance.yes(20) ? { 'score-attribute': 'x' } : { score: chance.pick(['INFINITY', '5', '-INFINITY']) }
    const parts = [chance.yes(70) ? this.#expression(at) : this.#date(at)]
    if (chance.yes(25)) parts.push(this.#expression(`${at}-2`))
    return element('rule', { id: at, ...score, 'boolean-op': chance.maybe(70, ['or', 'and']) }, parts)
  }

  #expression(at: string): XmlElement {
    const isKnown = this.#schema >= 209 && this.#chance.yes(10)
    return element('expression', {
      id: `${at}-e`,
      attribute: '#uname',
      operation: this.#chance.pick(['eq', 'ne', 'lt']),
      value: 'n1',
      type: this.#chance.maybe(70, ['string', 'number', 'version']),
      'value-source': isKnown ? 'literal' : undefined,
    })
  }

  #date(at: string): XmlElement {
    const id = `${at}-d`
    switch (this.#chance.int(0, 3)) {
      case 0:
        return element('date_expression', { id, operation: 'gt', start: '2005-001' })
      case 1:
        return element('date_expression', { id, operation: 'in_range', start: '2005-001', end: '2006-001' })
      case 2: {
        const spec = element('date_spec', { id: `${at}-s`, hours: '9-16', weekdays: '1-5' })
        return element('date_expression', { id, operation: 'date_spec' }, [spec])
      }
      default: {
        const duration = element('duration', { id: `${at}-s`, months: '1' })
        return element('date_expression', { id, operation: 'in_range', start: '2005-001' }, [duration])
      }
    }
  }
}
