import { element, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import type { RandomLeaf } from './resources.ts'

const noParameters = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'
const noParametersMonitor = '4811cef7f7f94e3a35a70be7916cb2fd'
const uuid = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'

/** Seconds since 1970 at which random clusters live. */
export const randomNowSeconds = 1_700_000_000

type Outcome = { readonly rc: number; readonly status: number; readonly callId: number | undefined }

function outcome(chance: Chance, usual: number, callId: number): Outcome {
  const kind = chance.int(1, 100)
  if (kind <= 82) return { rc: usual, status: 0, callId }
  if (kind <= 88) return { rc: 1, status: chance.pick([0, 4]), callId }
  if (kind <= 91) return { rc: 7, status: 0, callId }
  if (kind <= 93) return { rc: chance.pick([5, 2, 6, 3, 8, 9, 190]), status: 0, callId }
  if (kind <= 96) return { rc: 1, status: 2, callId }
  return { rc: 193, status: -1, callId: undefined }
}

/** Digests that entries carry, of single and of recurring operations; undefined where they carry none. */
export type RandomDigests = { readonly single: string | undefined; readonly recurring: string | undefined }

const digestsWithoutParameters: RandomDigests = { single: noParameters, recurring: noParametersMonitor }

class Entries {
  readonly list: XmlElement[] = []
  #callId = 0
  readonly #chance: Chance
  readonly #name: string
  /** Node that entries say they are from; old histories do not say. */
  readonly #node: string | undefined
  readonly #digests: RandomDigests

  constructor(chance: Chance, name: string, node: string | undefined, digests = digestsWithoutParameters) {
    this.#chance = chance
    this.#name = name
    this.#node = node
    this.#digests = digests
  }

  add(
    id: string,
    operation: string,
    intervalMs: number,
    expected: number,
    usual: number,
    more: Readonly<Record<string, string>> = {},
  ): void {
    this.#callId += this.#chance.int(1, 3)
    const { rc, status, callId } = outcome(this.#chance, usual, this.#callId)
    const key = `${this.#chance.int(1, 9)}:${this.#chance.int(1, 5)}:${expected}:${uuid}`
    this.list.push(
      element('lrm_rsc_op', {
        id,
        operation_key: `${this.#name}_${operation}_${intervalMs}`,
        operation,
        crm_feature_set: '3.16.1',
        'transition-key': key,
        'transition-magic': `${status}:${rc};${key}`,
        'call-id': String(callId ?? -1),
        'rc-code': String(rc),
        'op-status': String(status),
        interval: String(intervalMs),
        on_node: this.#node,
        'last-rc-change': String(randomNowSeconds - this.#chance.int(1, 5000)),
        'op-digest': intervalMs > 0 ? this.#digests.recurring : this.#digests.single,
        ...more,
      }),
    )
  }
}

/** History of one instance of a primitive on a node. */
export function randomHistory(
  chance: Chance,
  leaf: RandomLeaf,
  node: string,
  others: readonly string[],
): XmlElement | undefined {
  const number = leaf.unique ? chance.int(0, Math.max(0, leaf.instances - 1)) : undefined
  const name = number === undefined ? leaf.id : `${leaf.id}:${number}`
  const entries = new Entries(chance, name, chance.yes(70) ? node : undefined)
  const kind = chance.int(1, 100)
  if (kind <= 45) entries.add(`${name}_last_0`, 'monitor', 0, 7, 7)
  else if (kind <= 55) entries.add(`${name}_last_0`, 'stop', 0, 0, 0)
  else if (kind <= 60) entries.add(`${name}_last_0`, 'monitor', 0, 7, 0)
  else if (kind <= 90 || others.length === 0) {
    entries.add(`${name}_last_0`, leaf.promotable && chance.yes(40) ? 'promote' : 'start', 0, 0, 0)
    for (const interval of leaf.monitors) {
      if (chance.yes(70))
        entries.add(`${name}_monitor_${interval}`, 'monitor', interval, 0, leaf.promotable && chance.yes(30) ? 8 : 0)
    }
  } else if (kind <= 95) {
    const peer = chance.pick(others)
    entries.add(`${name}_migrate_to_0`, 'migrate_to', 0, 0, 0, { migrate_source: node, migrate_target: peer })
  } else {
    const peer = chance.pick(others)
    entries.add(`${name}_migrate_from_0`, 'migrate_from', 0, 0, 0, { migrate_source: peer, migrate_target: node })
  }
  if (chance.yes(6)) entries.add(`${name}_last_failure_0`, 'monitor', chance.pick([0, 10_000]), 0, 1)
  return element(
    'lrm_resource',
    { id: name, class: leaf.class, provider: leaf.provider, type: leaf.type },
    entries.list,
  )
}

/** An agent and what histories tell of it. */
export type Settled = {
  readonly id: string
  readonly class: string
  readonly provider: string | undefined
  readonly type: string
  readonly monitors: readonly number[]
  readonly digests?: RandomDigests
}

/**
 * History of something that mostly runs on one node: started and monitored there, probed or never seen elsewhere.
 * Unlike {@link randomHistory}, which would rarely leave a connection or container where it can serve.
 */
export function settledHistory(
  chance: Chance,
  agent: Settled,
  node: string,
  isHome: boolean,
  peers: readonly string[],
): XmlElement | undefined {
  const { id } = agent
  const entries = new Entries(chance, id, chance.yes(70) ? node : undefined, agent.digests)
  const runs = chance.yes(6) ? !isHome : isHome
  if (!runs) {
    if (chance.yes(25)) return undefined
    entries.add(`${id}_last_0`, chance.yes(70) ? 'monitor' : 'stop', 0, 7, 7)
  } else if (peers.length > 0 && chance.yes(8)) {
    const peer = chance.pick(peers)
    const [operation, source, target] = chance.yes(50) ? ['migrate_to', node, peer] : ['migrate_from', peer, node]
    entries.add(`${id}_${operation}_0`, operation as string, 0, 0, 0, {
      migrate_source: source as string,
      migrate_target: target as string,
    })
  } else {
    entries.add(`${id}_last_0`, 'start', 0, 0, 0)
    for (const interval of agent.monitors) {
      if (chance.yes(80)) entries.add(`${id}_monitor_${interval}`, 'monitor', interval, 0, 0)
    }
  }
  if (chance.yes(5))
    entries.add(`${id}_last_failure_0`, chance.pick(['monitor', 'start']), chance.pick([0, 60_000]), 0, 1)
  return element('lrm_resource', { id, class: agent.class, provider: agent.provider, type: agent.type }, entries.list)
}

/** A fail count now and then, as transient attributes of the node that counted. */
export function randomFailCount(chance: Chance, id: string, percent: number): Readonly<Record<string, string>> {
  if (!chance.yes(percent)) return {}
  const operation = chance.pick(['monitor_60000', 'start_0', 'monitor_10000'])
  return {
    [`fail-count-${id}#${operation}`]: chance.pick(['1', '3', 'INFINITY']),
    [`last-failure-${id}#${operation}`]: String(randomNowSeconds - chance.int(1, 5000)),
  }
}
