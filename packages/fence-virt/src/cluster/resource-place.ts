import { attr, childrenNamed, descendants, type XmlElement } from '@quorate/xml'

/** Where a resource of a cluster is, as its CIB tells. */
export type ResourcePlace = {
  /** It is configured: primitive, group, clone or bundle of that id. */
  readonly definition: XmlElement | undefined
  /** Names of the nodes that it is active on. */
  readonly activeOn: readonly string[]
}

const containers = new Set(['primitive', 'group', 'clone', 'master', 'bundle'])
/** OCF return codes that say "running": plain, promoted, failed but there. */
const runningCodes = new Set(['0', '8', '9', '190', '191'])
const notRunningCodes = new Set(['5', '7'])

/**
 * Finds a resource in a whole CIB and works out from the operation history where it is active. A node that is not a
 * member has nothing: its cluster has fenced it or will.
 */
export function placeOf(cib: XmlElement, resource: string): ResourcePlace {
  const configured = [...descendants(cib)].find((item) => containers.has(item.name) && attr(item, 'id') === resource)
  const states = [...descendants(cib)].filter((item) => item.name === 'node_state')
  const activeOn = states
    .filter((state) => isMember(state))
    .filter((state) => historiesOf(state, resource).some((history) => isActive(history)))
    .map((state) => attr(state, 'uname') ?? '')
  return { definition: configured, activeOn }
}

/** A plain flag in CIBs of old, the time since when in those of today. */
function isMember(state: XmlElement): boolean {
  const isIn = attr(state, 'in_ccm')
  const isOnline = attr(state, 'crmd')
  return isIn !== undefined && isIn !== 'false' && isIn !== '0' && isOnline !== 'offline' && isOnline !== '0'
}

/** Instances of a clone have a number behind their id in the history. */
function historiesOf(state: XmlElement, resource: string): readonly XmlElement[] {
  return [...descendants(state)].filter(
    (item) => item.name === 'lrm_resource' && (attr(item, 'id') ?? '').replace(/:\d+$/, '') === resource,
  )
}

/** Whether the operations, in the order of their calls, leave the resource active. */
function isActive(history: XmlElement): boolean {
  const operations = childrenNamed(history, 'lrm_rsc_op')
    .filter((operation) => attr(operation, 'op-status') !== '-1')
    .toSorted((a, b) => Number(attr(a, 'call-id') ?? '0') - Number(attr(b, 'call-id') ?? '0'))
  let active = false
  for (const operation of operations) active = activeAfter(active, operation)
  return active
}

function activeAfter(before: boolean, operation: XmlElement): boolean {
  const code = attr(operation, 'rc-code') ?? ''
  switch (attr(operation, 'operation')) {
    case 'stop':
    case 'migrate_to':
      return code === '0' ? false : before
    case 'start':
    case 'promote':
    case 'demote':
    case 'migrate_from':
      // One that failed may have left something running: only a stop says otherwise.
      return !notRunningCodes.has(code)
    case 'monitor':
      return runningCodes.has(code) ? true : notRunningCodes.has(code) ? false : before
    default:
      return before
  }
}

/** The value of a transient attribute of a node in the CIB. */
export function transientAttribute(cib: XmlElement, node: string, name: string): string | undefined {
  const state = [...descendants(cib)].find((item) => item.name === 'node_state' && attr(item, 'uname') === node)
  if (state === undefined) return undefined
  const pair = childrenNamed(state, 'transient_attributes')
    .flatMap((section) => [...descendants(section)])
    .find((item) => item.name === 'nvpair' && attr(item, 'name') === name)
  return pair === undefined ? undefined : attr(pair, 'value')
}

/** Ids under which `target-role` of a resource is, or is to be, kept. */
export function targetRoleIds(
  definition: XmlElement,
  resource: string,
): { readonly set: string; readonly pair: string } {
  const sets = childrenNamed(definition, 'meta_attributes')
  for (const set of sets) {
    const pair = childrenNamed(set, 'nvpair').find((item) => attr(item, 'name') === 'target-role')
    if (pair !== undefined) return { set: attr(set, 'id') ?? '', pair: attr(pair, 'id') ?? '' }
  }
  const first = sets[0]
  const set = first === undefined ? `${resource}-meta_attributes` : (attr(first, 'id') ?? '')
  return { set, pair: `${resource}-meta_attributes-target-role` }
}
