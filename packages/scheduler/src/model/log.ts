import { attr, type XmlElement } from '@quorate/xml'
import type { Cluster } from './model.ts'

/*
 * Lines of the log that other programs read are told under the name that Pacemaker's tools print before them
 * (behaviour/pacemaker-tools.md 11). Only what is said of the configuration makes crm_verify fail.
 */

/** Says that the configuration is wrong. */
export function configError(cluster: Cluster, source: string, text: string): void {
  cluster.log.push({ kind: 'error', source, text })
}

/** Says that the configuration is doubtful. */
export function configWarning(cluster: Cluster, source: string, text: string): void {
  cluster.log.push({ kind: 'warning', source, text })
}

/** Says that the configuration is doubtful, the first time only. */
export function configWarningOnce(cluster: Cluster, source: string, text: string): void {
  if (cluster.log.some((line) => line.source === source && line.text === text)) return
  cluster.log.push({ kind: 'warning', source, text, isToldOnce: true })
}

/** Says that the configuration asks for more than is supported, and what is used instead. */
export function limitExceeded(cluster: Cluster, source: string, text: string): void {
  cluster.log.push({ kind: 'error', source, text, isToldOnce: true, isAlwaysTold: true })
}

/** Says that something failed or cannot be done as the cluster stands. */
export function statusError(cluster: Cluster, source: string, text: string): void {
  cluster.log.push({ kind: 'error', source, text, isAboutStatus: true })
}

/** Says what is worth knowing and nobody's fault. */
export function notice(cluster: Cluster, source: string, text: string): void {
  cluster.log.push({ kind: 'notice', source, text, isAboutStatus: true })
}

/** Says that a reference leads to nothing. Pacemaker does not count that among what is wrong with the configuration. */
export function deadReference(cluster: Cluster, of: XmlElement): void {
  const place = `//${of.name}[@id='${attr(of, 'id-ref') ?? ''}']`
  statusError(cluster, 'get_xpath_object', `No match for ${place} in /cib`)
  statusError(cluster, 'expand_idref', `No match for ${place} found in /cib: Invalid configuration`)
}

/** Says that a setting of the whole cluster is unusual. */
export function settingWarning(cluster: Cluster, source: string, text: string): void {
  cluster.log.push({ kind: 'warning', source, text, isAboutStatus: true, isToldOnce: true })
}

/** Says what is unusual about how the cluster stands. */
export function statusWarning(cluster: Cluster, source: string, text: string): void {
  cluster.log.push({ kind: 'warning', source, text, isAboutStatus: true })
}
