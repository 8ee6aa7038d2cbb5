import { attr, child, hasChildren, type XmlElement } from '@quorate/xml'
import { configError, configWarningOnce, notice, settingWarning } from '../model/log.ts'
import type { Cluster, ClusterSettings, PlacementStrategy, QuorumPolicy } from '../model/model.ts'
import { intervalMs, isTrue, parseBoolean, parseInteger, parseIntervalMs, sameText } from '../scalar.ts'
import { infinity, parseScore } from '../score.ts'
import { unpackSets } from './name-values.ts'
import { sectionOf } from './section.ts'

const quorumPolicies = ['stop', 'freeze', 'ignore', 'demote', 'suicide'] as const
const placements = ['default', 'utilization', 'minimal', 'balanced'] as const
const healthStrategies = ['none', 'migrate-on-red', 'only-green', 'progressive', 'custom'] as const

type Check = (text: string) => boolean
const bool: Check = (text) => parseBoolean(text) !== undefined
const time: Check = (text) => parseIntervalMs(text) !== undefined
const number: Check = (text) => /^[+-]?INFINITY$/.test(text) || parseInteger(text) !== undefined
const anyOf =
  (words: readonly string[]): Check =>
  (text) =>
    words.includes(text.toLowerCase())

/** Every option that the scheduler reads: its default and what it may be. A value that may not be counts as missing. */
export const clusterOptions: readonly (readonly [name: string, fallback: string, valid: Check])[] = [
  ['no-quorum-policy', 'stop', anyOf(quorumPolicies)],
  ['symmetric-cluster', 'true', bool],
  ['maintenance-mode', 'false', bool],
  ['start-failure-is-fatal', 'true', bool],
  ['enable-startup-probes', 'true', bool],
  ['shutdown-lock', 'false', bool],
  ['shutdown-lock-limit', '0', time],
  ['stonith-enabled', 'true', bool],
  ['stonith-action', 'reboot', (text) => ['off', 'reboot', 'poweroff'].includes(text)],
  ['stonith-timeout', '60s', time],
  ['have-watchdog', 'false', bool],
  ['concurrent-fencing', 'false', bool],
  ['startup-fencing', 'true', bool],
  ['priority-fencing-delay', '0', time],
  ['cluster-delay', '60s', time],
  ['batch-limit', '0', number],
  ['migration-limit', '-1', number],
  ['stop-all-resources', 'false', bool],
  ['stop-orphan-resources', 'true', bool],
  ['stop-orphan-actions', 'true', bool],
  ['remove-after-stop', 'false', bool],
  ['pe-error-series-max', '-1', number],
  ['pe-warn-series-max', '5000', number],
  ['pe-input-series-max', '4000', number],
  ['node-health-strategy', 'none', anyOf(healthStrategies)],
  ['node-health-base', '0', number],
  ['node-health-green', '0', number],
  ['node-health-yellow', '0', number],
  ['node-health-red', '-INFINITY', number],
  ['placement-strategy', 'default', anyOf(placements)],
]

const noHealth = { red: 0, yellow: 0, green: 0 }

/** Settings of a cluster whose configuration has not been read. */
export const defaultSettings: ClusterSettings = settingsFrom(new Map())

/** Reads `crm_config` and what of the `cib` element itself decides with it. */
export function unpackSettings(cluster: Cluster): void {
  const { cib } = cluster
  const configuration = child(cib, 'configuration')
  const config = sectionOf(cib, 'crm_config')
  const found = new Map<string, string>()
  unpackSets(cluster, config, 'cluster_property_set', found, undefined, { firstId: 'cib-bootstrap-options' })
  for (const [name, fallback, valid] of clusterOptions) {
    const value = found.get(name)
    if (value === undefined || !valid(value)) {
      if (value !== undefined) {
        const text = `Using default value for cluster option '${name}' because '${value}' is invalid`
        configError(cluster, 'cluster_option_value', text)
      }
      found.set(name, fallback)
    }
  }
  cluster.quorate = isTrue(attr(cib, 'have-quorum'))
  cluster.settings = settingsFrom(found, {
    quorate: cluster.quorate,
    panic: (parseInteger(attr(cib, 'no-quorum-panic')) ?? 0) !== 0,
  })
  warnOfSettings(cluster, found)
  if (isTrue(found.get('have-watchdog'))) cluster.fenceDeviceExists = true
  cluster.unfencing = configuration !== undefined && mentionsUnfencing(configuration)
}

function warnOfSettings(cluster: Cluster, found: ReadonlyMap<string, string>): void {
  if (sameText(found.get('no-quorum-policy'), 'suicide') && !cluster.settings.fencingEnabled) {
    configError(cluster, 'unpack_config', "Resetting no-quorum-policy to 'stop' because fencing is disabled")
  }
  const { noQuorumPolicy } = cluster.settings
  if (
    sameText(found.get('no-quorum-policy'), 'suicide') &&
    cluster.settings.fencingEnabled &&
    noQuorumPolicy === 'stop'
  ) {
    notice(cluster, 'unpack_config', "Resetting no-quorum-policy to 'stop': cluster has never had quorum")
  }
  if (found.get('stonith-action') === 'poweroff') {
    configWarningOnce(
      cluster,
      'unpack_config',
      "Support for stonith-action of 'poweroff' is deprecated and will be removed in a future release (use 'off' instead)",
    )
  }
  if (noQuorumPolicy === 'ignore') notice(cluster, 'unpack_config', 'On loss of quorum: Ignore')
  if (noQuorumPolicy === 'suicide') notice(cluster, 'unpack_config', 'On loss of quorum: Fence all remaining nodes')
  if (isTrue(found.get('remove-after-stop'))) {
    const text =
      'Support for the remove-after-stop cluster property is deprecated and will be removed in a future release'
    configWarningOnce(cluster, 'unpack_config', text)
  }
  if (!cluster.settings.startupFencing) {
    settingWarning(cluster, 'unpack_config', 'Blind faith: not fencing unseen nodes')
  }
}

function mentionsUnfencing(configuration: XmlElement): boolean {
  for (const section of ['resources', 'rsc_defaults']) {
    const part = child(configuration, section)
    if (part !== undefined && hasUnfencingBelow(part)) return true
  }
  return false
}

function hasUnfencingBelow(of: XmlElement): boolean {
  const { children } = of
  for (let i = 0; i < children.length; i += 1) {
    const item = children[i] as XmlElement
    if (!hasChildren(item)) continue
    if (item.name === 'meta_attributes' && item.children.some(isUnfencing)) return true
    if (hasUnfencingBelow(item)) return true
  }
  return false
}

function isUnfencing(pair: XmlElement): boolean {
  const name = attr(pair, 'name')
  return (name === 'provides' || name === 'requires') && attr(pair, 'value') === 'unfencing'
}

function settingsFrom(
  all: ReadonlyMap<string, string>,
  partition: { readonly quorate: boolean; readonly panic: boolean } = { quorate: false, panic: false },
): ClusterSettings {
  const get = (name: string): string => all.get(name) ?? clusterOptions.find(([known]) => known === name)?.[1] ?? ''
  const on = (name: string): boolean => isTrue(get(name))
  const seconds = (name: string): number => Math.floor(intervalMs(get(name)) / 1000)
  const word = <T extends string>(name: string, words: readonly T[], fallback: T): T =>
    words.find((item) => item === get(name).toLowerCase()) ?? fallback
  const fencingEnabled = on('stonith-enabled')
  let noQuorumPolicy: QuorumPolicy = word('no-quorum-policy', quorumPolicies, 'stop')
  if (noQuorumPolicy === 'suicide' && (!fencingEnabled || (!partition.quorate && !partition.panic)))
    noQuorumPolicy = 'stop'
  const healthStrategy = word('node-health-strategy', healthStrategies, 'none')
  const shutdownLock = on('shutdown-lock')
  return {
    all,
    noQuorumPolicy,
    symmetric: on('symmetric-cluster'),
    maintenanceMode: on('maintenance-mode'),
    startFailureIsFatal: on('start-failure-is-fatal'),
    startupProbes: on('enable-startup-probes'),
    shutdownLock,
    shutdownLockLimitSeconds: shutdownLock ? seconds('shutdown-lock-limit') : 0,
    fencingEnabled,
    fencingAction: get('stonith-action') === 'poweroff' ? 'off' : get('stonith-action'),
    concurrentFencing: on('concurrent-fencing'),
    startupFencing: fencingEnabled && on('startup-fencing'),
    priorityFencingDelaySeconds: seconds('priority-fencing-delay'),
    stopAllResources: on('stop-all-resources'),
    stopOrphanResources: on('stop-orphan-resources'),
    stopOrphanActions: on('stop-orphan-actions'),
    removeAfterStop: on('remove-after-stop'),
    placement: word<PlacementStrategy>('placement-strategy', placements, 'default'),
    healthStrategy,
    health: healthOf(healthStrategy, get),
    healthBase: healthStrategy === 'progressive' ? parseScore(get('node-health-base'), noHealth) : 0,
  }
}

function healthOf(
  strategy: ClusterSettings['healthStrategy'],
  get: (name: string) => string,
): ClusterSettings['health'] {
  switch (strategy) {
    case 'none':
      return noHealth
    case 'migrate-on-red':
      return { ...noHealth, red: -infinity }
    case 'only-green':
      return { red: -infinity, yellow: -infinity, green: 0 }
    default:
      return {
        red: parseScore(get('node-health-red'), noHealth),
        yellow: parseScore(get('node-health-yellow'), noHealth),
        green: parseScore(get('node-health-green'), noHealth),
      }
  }
}
