import { exitCodes } from '@quorate/cib'
import {
  type Cluster,
  type ClusterNode,
  exitWords,
  isGuest,
  nodeHealth,
  operationWords,
  outermost,
  unpackConstraints,
} from '@quorate/scheduler'
import { attr, element, escapeValue, formatXml, type XmlElement } from '@quorate/xml'
import { resultXml } from '../pacemaker/result-xml.ts'
import { parseSpanMs } from '../pacemaker/time-span.ts'
import { expectedPing, shownAttributes } from './attributes.ts'
import { bansOf } from './bans.ts'
import { type Failure, failuresOf } from './failures.ts'
import { fencingXml } from './fencing.ts'
import { exitStatusOf, historiesOf, type ResourceHistory } from './history.ts'
import { localIsoTime, localTime, utcTime } from './local-time.ts'
import { resourcesXml, resourceXml, truth } from './resource-xml.ts'
import { isMixed, showsDc } from './summary.ts'
import { ticketsOf } from './tickets.ts'
import { type Snapshot, type View, type Wanted, wantedOf } from './view.ts'

/** The status as XML (behaviour/pacemaker-tools.md 3). */
export function statusXml(snapshot: Snapshot, view: View, request: readonly string[]): string {
  return resultXml(request, statusElements(snapshot, view), exitCodes.ok)
}

const stonithTimeoutDefaultMs = 60_000

/** Version that the older XML names. */
const oldVersion = '2.1.5'

/** What is shown in the XML of old, which does not say how it ended, and is written by libxml2: of ASCII alone, apostrophes as they are. */
export function oldXml(shown: readonly XmlElement[]): string {
  const text = formatXml(element('crm_mon', { version: oldVersion }, shown))
  return text
    .replaceAll('&apos;', "'")
    .replace(/[\u0080-\u{10ffff}]/gu, (found) => `&#x${found.codePointAt(0)?.toString(16).toUpperCase()};`)
}

/** Elements of the status, before they are put into an envelope. */
export function statusElements(snapshot: Snapshot, view: View): readonly XmlElement[] {
  const { cluster } = snapshot
  const wanted = wantedOf(cluster, view)
  const has = (section: Parameters<typeof view.shown.sections.has>[0]) => view.shown.sections.has(section)
  if ((has('tickets') || has('bans')) && cluster.locations.length === 0) unpackConstraints(cluster)
  const out: XmlElement[] = []
  const add = (name: string, children: readonly XmlElement[], isAlways = false) => {
    if (isAlways || children.length > 0) out.push(element(name, {}, children))
  }
  if (snapshot.pacemakerd !== undefined) {
    const { state, lastUpdated } = snapshot.pacemakerd
    out.push(element('pacemakerd', { sys_from: 'pacemakerd', state, last_updated: utcTime(lastUpdated) }))
  }
  add('summary', summaryXml(snapshot, view))
  if (has('nodes'))
    add(
      'nodes',
      cluster.nodes.filter(wanted.node).map((node) => nodeXml(cluster, node, view, wanted)),
      true,
    )
  const resources = has('resources') ? resourcesXml(cluster, view, wanted) : undefined
  if (resources !== undefined) add('resources', resources, true)
  if (has('attributes')) add('node_attributes', attributesXml(cluster, wanted))
  if (has('operations') || has('failcounts')) {
    const isAlways = historiesOf(cluster, wanted).length > 0
    add('node_history', historyXml(cluster, wanted, has('operations')), isAlways)
  }
  if (has('failures')) add('failures', failuresOf(cluster, wanted).map(failureXml))
  const fencing = fencingXml(snapshot, view)
  if (fencing !== undefined) out.push(fencing)
  if (has('tickets')) add('tickets', ticketsXml(cluster))
  if (has('bans')) add('bans', bansXml(cluster, view, wanted))
  return out
}

function summaryXml({ cluster, nowSeconds }: Snapshot, view: View): readonly XmlElement[] {
  const has = (section: Parameters<typeof view.shown.sections.has>[0]) => view.shown.sections.has(section)
  const out: XmlElement[] = []
  if (has('stack'))
    out.push(element('stack', { type: cluster.settings.all.get('cluster-infrastructure') ?? 'unknown' }))
  if (showsDc(cluster, view)) out.push(dcXml(cluster))
  if (has('times')) {
    const { cib } = cluster
    out.push(element('last_update', { time: localTime(nowSeconds) }))
    out.push(
      element('last_change', {
        time: attr(cib, 'cib-last-written') ?? '',
        user: attr(cib, 'update-user') ?? '',
        client: attr(cib, 'update-client') ?? '',
        origin: attr(cib, 'update-origin') ?? '',
      }),
    )
  }
  if (has('counts')) {
    out.push(element('nodes_configured', { number: String(cluster.nodes.length) }))
    out.push(
      element('resources_configured', {
        number: String(cluster.instanceCount),
        disabled: String(cluster.disabledCount),
        blocked: String(cluster.blockedCount),
      }),
    )
  }
  if (has('options')) out.push(optionsXml(cluster))
  return out
}

function dcXml(cluster: Cluster): XmlElement {
  const { dc } = cluster
  if (dc === undefined) return element('current_dc', { present: 'false' })
  return element('current_dc', {
    present: 'true',
    version: cluster.settings.all.get('dc-version') ?? '',
    name: dc.uname,
    id: dc.id,
    with_quorum: truth(cluster.quorate),
    mixed_version: truth(isMixed(cluster)),
  })
}

function optionsXml(cluster: Cluster): XmlElement {
  const { settings } = cluster
  return element('cluster_options', {
    'stonith-enabled': truth(settings.fencingEnabled),
    'symmetric-cluster': truth(settings.symmetric),
    'no-quorum-policy': settings.noQuorumPolicy,
    'maintenance-mode': truth(settings.maintenanceMode),
    'stop-all-resources': truth(settings.stopAllResources),
    'stonith-timeout-ms': String(parseSpanMs(settings.all.get('stonith-timeout') ?? '') ?? stonithTimeoutDefaultMs),
    'priority-fencing-delay-ms': String(settings.priorityFencingDelaySeconds * 1000),
  })
}

function nodeXml(cluster: Cluster, node: ClusterNode, view: View, wanted: Wanted): XmlElement {
  const attributes = {
    name: node.uname,
    id: node.id,
    online: truth(node.online),
    standby: truth(node.standby),
    standby_onfail: truth(node.standbyOnFail),
    maintenance: truth(node.maintenance),
    pending: truth(node.pending),
    unclean: truth(node.unclean),
    health: nodeHealth(cluster, node) ?? 'green',
    feature_set: node.kind === 'member' && node.online ? (node.attributes.get('#feature-set') ?? '<3.15.1') : undefined,
    shutdown: truth(node.shutdown),
    expected_up: truth(node.expectedUp),
    is_dc: truth(node.isDc),
    resources_running: String(node.running.length),
    type: node.kind,
    id_as_resource: isGuest(node) ? node.connection?.container?.id : undefined,
  }
  const running = node.running.filter((item) => wanted.resource(outermost(item)))
  return element('node', attributes, view.byNode ? running.map((item) => resourceXml(item)) : [])
}

function attributesXml(cluster: Cluster, wanted: Wanted): readonly XmlElement[] {
  const out: XmlElement[] = []
  for (const node of cluster.nodes) {
    const names = node.online && wanted.node(node) ? shownAttributes(node.attributes) : []
    if (names.length === 0) continue
    const items = names.map((name) => {
      const expected = expectedPing(node, name)
      return element('attribute', {
        name,
        value: node.attributes.get(name) ?? '',
        expected: expected === undefined ? undefined : String(expected),
      })
    })
    out.push(element('node', { name: node.uname }, items))
  }
  return out
}

function historyXml(cluster: Cluster, wanted: Wanted, withOperations: boolean): readonly XmlElement[] {
  const out: XmlElement[] = []
  for (const { node, resources } of historiesOf(cluster, wanted)) {
    const shown = resources.filter((item) => (withOperations ? item.operations.length > 0 : item.failCount > 0))
    if (shown.length === 0) continue
    out.push(
      element(
        'node',
        { name: node.uname },
        shown.map((item) => resourceHistoryXml(item, withOperations)),
      ),
    )
  }
  return out
}

function resourceHistoryXml(history: ResourceHistory, withOperations: boolean): XmlElement {
  const { resource, failCount, lastFailure } = history
  const attributes = {
    id: withOperations ? history.id : history.recordedId,
    orphan: truth(resource === undefined),
    'migration-threshold': resource === undefined ? undefined : String(resource.migrationThreshold),
    'fail-count': failCount > 0 ? String(failCount) : undefined,
    'last-failure': lastFailure !== undefined && lastFailure > 0 ? localTime(lastFailure) : undefined,
  }
  return element('resource_history', attributes, withOperations ? history.operations.map(operationXml) : [])
}

function operationXml(entry: XmlElement): XmlElement {
  const rc = exitStatusOf(entry)
  const interval = attr(entry, 'interval') ?? '0'
  const changed = Number.parseInt(attr(entry, 'last-rc-change') ?? '0', 10)
  const task = attr(entry, 'operation') ?? ''
  const ms = (name: string) => {
    const value = attr(entry, name)
    return value === undefined ? undefined : `${value}ms`
  }
  return element('operation_history', {
    call: attr(entry, 'call-id'),
    task: task === 'monitor' && interval === '0' ? 'probe' : task,
    rc: String(rc),
    rc_text: exitWords(rc),
    interval: interval === '0' ? undefined : `${interval}ms`,
    'last-rc-change': changed > 0 ? localTime(changed) : undefined,
    'exec-time': ms('exec-time'),
    'queue-time': ms('queue-time'),
  })
}

function failureXml(failure: Failure): XmlElement {
  const { xml } = failure
  const key = attr(xml, 'operation_key')
  const { changedAt = 0 } = failure
  const isTimed = changedAt > 0
  return element('failure', {
    ...(key === undefined ? { id: attr(xml, 'id') } : { op_key: key }),
    node: failure.node,
    exitstatus: exitWords(failure.rc),
    // The C tool escapes this text before it writes the document, which escapes it again.
    exitreason: escapeValue(attr(xml, 'exit-reason') ?? 'none'),
    exitcode: String(failure.rc),
    call: failure.callId,
    status: operationWords(failure.status),
    ...(isTimed
      ? {
          'last-rc-change': localIsoTime(changedAt),
          queued: failure.queueMs,
          exec: failure.execMs,
          interval: String(failure.intervalMs),
          task: attr(xml, 'operation'),
        }
      : {}),
  })
}

function ticketsXml(cluster: Cluster): readonly XmlElement[] {
  return ticketsOf(cluster).map((ticket) =>
    element('ticket', {
      id: ticket.id,
      status: ticket.granted ? 'granted' : 'revoked',
      standby: truth(ticket.standby),
      'last-granted': ticket.lastGrantedSeconds === undefined ? undefined : localTime(ticket.lastGrantedSeconds),
    }),
  )
}

function bansXml(cluster: Cluster, view: View, wanted: Wanted): readonly XmlElement[] {
  return bansOf(cluster, view, wanted).map((ban) =>
    element('ban', {
      id: ban.id,
      resource: ban.resource,
      node: ban.node.uname,
      weight: String(ban.score),
      'promoted-only': truth(ban.isPromotedOnly),
      master_only: truth(ban.isPromotedOnly),
    }),
  )
}
