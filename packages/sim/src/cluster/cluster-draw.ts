import type { Prng } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'

/** A resource of a drawn cluster, and how often it is to run where all is well. */
export type DrawnResource = {
  readonly id: string
  /** Times that it is active in a cluster in which all nodes run. */
  readonly count: number
  readonly promoted: number
  /** At most one machine may have it active, whatever happens; for a promotable clone: promoted. */
  readonly isUnique: boolean
}

/** The CIB that a cluster begins with, and what follows from it. */
export type DrawnCluster = {
  readonly cib: XmlElement
  readonly resources: readonly DrawnResource[]
  readonly isFencing: boolean
  readonly noQuorumPolicy: string
}

const agent = 'class="ocf" provider="quorate" type="sim"'

/** Draws what a cluster is configured to do; `isWide`: with what seeds drew from later on only. */
export function drawCluster(prng: Prng, nodeCount: number, isWide = false): DrawnCluster {
  const isFencing = prng.chance(19, 20)
  const noQuorumPolicy = prng.pick(['stop', 'stop', 'freeze', 'suicide', 'demote'])
  const resources: DrawnResource[] = []
  const parts: string[] = []
  let more = ''
  const constraints: string[] = []
  const timeoutS = prng.pick([10, 20])
  const operations = (id: string): string => {
    const interval = prng.pick([0, 5, 10])
    const ops = ['start', 'stop', 'promote', 'demote'].map(
      (name) => `<op id="${id}-${name}" name="${name}" interval="0" timeout="${timeoutS}s"/>`,
    )
    if (interval > 0) ops.push(`<op id="${id}-m" name="monitor" interval="${interval}s" timeout="${timeoutS}s"/>`)
    return `<operations>${ops.join('')}</operations>`
  }
  const primitive = (id: string): string => `<primitive id="${id}" ${agent}>${operations(id)}</primitive>`
  const unique = (id: string): void => void resources.push({ id, count: 1, promoted: 0, isUnique: true })
  const primitives = prng.between(1, 4)
  for (let at = 0; at < primitives; at += 1) {
    const id = `p${at}`
    parts.push(primitive(id))
    unique(id)
    if (prng.chance(1, 3)) {
      const node = prng.between(1, nodeCount)
      constraints.push(`<rsc_location id="l-${id}" rsc="${id}" node="n${node}" score="${prng.pick([10, 100])}"/>`)
    }
  }
  if (prng.chance(1, 2)) {
    const members = Array.from({ length: prng.between(2, 3) }, (_, at) => `g${at}`)
    parts.push(`<group id="g">${members.map(primitive).join('')}</group>`)
    for (const id of members) unique(id)
    if (prng.chance(1, 2)) constraints.push('<rsc_colocation id="c-g" rsc="g" with-rsc="p0" score="INFINITY"/>')
    if (prng.chance(1, 2)) constraints.push('<rsc_order id="o-g" first="p0" then="g"/>')
  }
  if (prng.chance(1, 2)) {
    const isInterleaved = prng.chance(1, 2)
    parts.push(
      `<clone id="c"><meta_attributes id="c-meta"><nvpair id="c-i" name="interleave" value="${isInterleaved}"/></meta_attributes>${primitive('cp')}</clone>`,
    )
    resources.push({ id: 'cp', count: nodeCount, promoted: 0, isUnique: false })
    if (prng.chance(1, 3)) constraints.push('<rsc_order id="o-c" first="c" then="p0"/>')
  }
  if (prng.chance(1, 3)) {
    const meta = '<meta_attributes id="m-meta"><nvpair id="m-p" name="promotable" value="true"/></meta_attributes>'
    parts.push(`<clone id="m">${meta}${primitive('mp')}</clone>`)
    for (let node = 1; node <= nodeCount; node += 1) {
      const rule = `<rule id="r-m${node}" role="Promoted" score="${node}"><expression id="e-m${node}" attribute="#uname" operation="eq" value="n${node}"/></rule>`
      constraints.push(`<rsc_location id="l-m${node}" rsc="m">${rule}</rsc_location>`)
    }
    resources.push({ id: 'mp', count: nodeCount, promoted: 1, isUnique: false })
  }
  if (isFencing) {
    const isOne = prng.chance(1, 2)
    const names = Array.from({ length: nodeCount }, (_, at) => `n${at + 1}`)
    for (const targets of isOne ? [names] : names.map((name) => [name])) {
      const id = isOne ? 'fence' : `fence-${targets[0]}`
      const delay =
        nodeCount === 2 && prng.chance(1, 2) ? `<nvpair id="${id}-d" name="pcmk_delay_max" value="3s"/>` : ''
      parts.push(
        `<primitive id="${id}" class="stonith" type="fence_sim"><instance_attributes id="${id}-a"><nvpair id="${id}-h" name="pcmk_host_list" value="${targets.join(' ')}"/><nvpair id="${id}-c" name="pcmk_host_check" value="static-list"/>${delay}</instance_attributes></primitive>`,
      )
    }
  }
  if (isWide) more += defaults(prng)
  if (isWide && isFencing && prng.chance(1, 2)) more += topology(parts, nodeCount)
  const options: Record<string, string> = {
    'stonith-enabled': String(isFencing),
    'no-quorum-policy': noQuorumPolicy,
    'stonith-timeout': `${prng.pick([10, 30, 60])}s`,
    'stonith-action': prng.pick(['reboot', 'reboot', 'off']),
    'dc-deadtime': `${prng.pick([5, 20])}s`,
    'cluster-recheck-interval': '60s',
    'start-failure-is-fatal': prng.pick(['true', 'false']),
  }
  const pairs = Object.entries(options).map(
    ([name, value]) => `<nvpair id="opt-${name}" name="${name}" value="${value}"/>`,
  )
  const text = `<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1"><configuration><crm_config><cluster_property_set id="cib-bootstrap-options">${pairs.join('')}</cluster_property_set></crm_config><nodes/><resources>${parts.join('')}</resources><constraints>${constraints.join('')}</constraints>${more}</configuration><status/></cib>`
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return { cib: read.value, resources, isFencing, noQuorumPolicy }
}

/** What holds for every resource. */
function defaults(prng: Prng): string {
  const drawn: Record<string, string | undefined> = {
    'resource-stickiness': prng.pick([undefined, '1', '100']),
    'migration-threshold': prng.pick([undefined, '1', '3']),
    'failure-timeout': prng.pick([undefined, '20s']),
  }
  const pairs = Object.entries(drawn).flatMap(([name, value]) =>
    value === undefined ? [] : [`<nvpair id="default-${name}" name="${name}" value="${value}"/>`],
  )
  return `<rsc_defaults><meta_attributes id="defaults">${pairs.join('')}</meta_attributes></rsc_defaults>`
}

/** A second device for every node, which is used when the first one has failed. */
function topology(parts: string[], nodeCount: number): string {
  const names = Array.from({ length: nodeCount }, (_, at) => `n${at + 1}`)
  const isOne = parts.some((part) => part.includes('id="fence"'))
  parts.push(
    `<primitive id="second" class="stonith" type="fence_sim"><instance_attributes id="second-a"><nvpair id="second-h" name="pcmk_host_list" value="${names.join(' ')}"/><nvpair id="second-c" name="pcmk_host_check" value="static-list"/></instance_attributes></primitive>`,
  )
  const levels = names.flatMap((name) => [
    `<fencing-level id="level-${name}-1" target="${name}" index="1" devices="${isOne ? 'fence' : `fence-${name}`}"/>`,
    `<fencing-level id="level-${name}-2" target="${name}" index="2" devices="second"/>`,
  ])
  return `<fencing-topology>${levels.join('')}</fencing-topology>`
}
