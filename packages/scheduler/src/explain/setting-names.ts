import { nearest } from './nearest-name.ts'

/** Meta-attributes of any resource that the cluster reads. */
const resourceNames = [
  'allow-migrate',
  'allow-unhealthy-nodes',
  'container-attribute-target',
  'critical',
  'failure-timeout',
  'is-managed',
  'maintenance',
  'migration-threshold',
  'multiple-active',
  'priority',
  'remote-addr',
  'remote-allow-migrate',
  'remote-connect-timeout',
  'remote-node',
  'remote-port',
  'requires',
  'resource-stickiness',
  'restart-type',
  'target-role',
] as const

/** Meta-attributes that count at clones alone. */
const cloneOnlyNames = [
  'clone-max',
  'clone-min',
  'clone-node-max',
  'master-max',
  'master-node-max',
  'promoted-max',
  'promoted-node-max',
] as const

/** Meta-attributes of clones, which what is inside of them can have as well. */
const cloneNames = ['globally-unique', 'interleave', 'notify', 'ordered', 'promotable'] as const

/** Options of operations. */
const operationNames = [
  'enabled',
  'interval',
  'interval-origin',
  'on-fail',
  'record-pending',
  'requires',
  'role',
  'role_after_failure',
  'start-delay',
  'timeout',
] as const

/** What the cluster itself gives resources, and frontends, agents and fence devices have in meta-attributes. */
const otherNames = ['clone', 'container', 'description', 'internal_rsc', 'provides'] as const

/** Options of the cluster that others than the scheduler read. */
const otherOptions = [
  'cib-bootstrap-options',
  'cluster-infrastructure',
  'cluster-ipc-limit',
  'cluster-name',
  'cluster-recheck-interval',
  'dc-deadtime',
  'dc-version',
  'election-timeout',
  'enable-acl',
  'fence-reaction',
  'join-finalization-timeout',
  'join-integration-timeout',
  'last-lrm-refresh',
  'load-threshold',
  'node-action-limit',
  'placement-strategy',
  'shutdown-escalation',
  'stonith-max-attempts',
  'stonith-watchdog-timeout',
  'transition-delay',
] as const

const resourceMeta: readonly string[] = [...resourceNames, ...cloneNames, ...cloneOnlyNames]

/** What is wrong with a name; undefined: nothing. */
export type NameFault =
  | { readonly kind: 'misspelt'; readonly meant: string }
  /** It is read elsewhere: at clones, at operations. */
  | { readonly kind: 'misplaced'; readonly where: string }
  | { readonly kind: 'unread' }

/** What is wrong with the name of a meta-attribute, by the kind of element that has it: `primitive`, `clone`, `rsc_defaults` and so on. */
export function metaNameFault(name: string, element: string): NameFault | undefined {
  const isAnywhere = element === 'rsc_defaults' || element === 'clone' || element === 'master'
  const isOfClones = cloneOnlyNames.some((known) => known === name)
  if (isOfClones && !isAnywhere) return { kind: 'misplaced', where: 'an option of clones' }
  if (resourceMeta.includes(name) || otherNames.some((known) => known === name)) return undefined
  if (operationNames.some((known) => known === name)) return { kind: 'misplaced', where: 'an option of operations' }
  return unknown(name, resourceMeta)
}

/** The same of a meta-attribute of an operation. */
export function operationNameFault(name: string): NameFault | undefined {
  if (operationNames.some((known) => known === name) || otherNames.some((known) => known === name)) return undefined
  if (resourceMeta.includes(name)) return { kind: 'misplaced', where: 'a meta-attribute of resources' }
  return unknown(name, operationNames)
}

/** The same of a cluster option; what no option is like is nothing that is known to be wrong. */
export function optionNameFault(name: string, read: readonly string[]): NameFault | undefined {
  const known = [...read, ...otherOptions]
  if (known.includes(name)) return undefined
  const fault = unknown(name, known)
  return fault.kind === 'unread' ? undefined : fault
}

/** The same of a parameter of an agent that is called as a meta-attribute is; short names may be an agent's own. */
export function parameterNameFault(name: string): NameFault | undefined {
  const isOwn = !name.includes('-') || name.startsWith('remote-') || !resourceMeta.includes(name)
  return isOwn ? undefined : { kind: 'misplaced', where: 'a meta-attribute' }
}

function unknown(name: string, known: readonly string[]): NameFault {
  const meant = nearest(name, known)
  return meant === undefined ? { kind: 'unread' } : { kind: 'misspelt', meant }
}
