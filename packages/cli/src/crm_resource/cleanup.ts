import { compareNodeNames } from '@quorate/base'
import { exitCodes } from '@quorate/cib'
import { AttrdClient, ControllerClient, resourceOrder } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import type { ClusterNode, Resource } from '@quorate/scheduler'
import { failuresOf } from '../crm_mon/failures.ts'
import { Failure, leavesOf, namedNode, namedResource, say, type Work } from './work.ts'

const everything = {
  node: () => true,
  resource: () => true,
  itself: undefined,
  story: () => true,
  nodeItself: undefined,
  shown: () => true,
  resourceId: () => true,
}

/** One resource's history on one node. */
type Target = { readonly resource: Resource; readonly node: ClusterNode; readonly forgets: boolean }

/** --cleanup: forgets failures, and the history of what has failed so that it is probed again. */
export async function cleanup(work: Work): Promise<number> {
  const only = onlyResource(work)
  const node = namedNode(work)
  const failed = failuresOf(work.cluster, everything)
  const hasFailed = (resource: Resource, on: ClusterNode) =>
    failed.some((item) => item.node === on.uname && (item.resource === resource.id || item.resource === resource.xmlId))
  const targets = targetsOf(work, only, node).map((target) => ({
    ...target,
    forgets: hasFailed(target.resource, target.node),
  }))
  const isAll = only === undefined
  const chosen = isAll ? targets.filter((target) => target.forgets) : targets
  await carryOut(work, chosen, !isAll)
  if (isAll)
    say(
      work,
      node === undefined ? 'Cleaned up all resources on all nodes' : `Cleaned up all resources on ${node.uname}`,
    )
  return exitCodes.ok
}

/** --refresh: forgets all history, so that everything is probed again. */
export async function refresh(work: Work): Promise<number> {
  const only = onlyResource(work)
  const node = namedNode(work)
  if (only === undefined) {
    await withDaemons(work, async (controller) => controller.reprobe(node?.uname))
    say(work, `Waiting for ${node === undefined ? 'the cluster' : node.uname} to probe all resources again`)
    return exitCodes.ok
  }
  await carryOut(
    work,
    targetsOf(work, only, node).map((target) => ({ ...target, forgets: true })),
    true,
  )
  return exitCodes.ok
}

/** --fail: has a node act as if a resource had failed. */
export async function fail(work: Work): Promise<number> {
  const resource = namedResource(work, 'any')
  const node = namedNode(work)
  if (node === undefined) throw new Failure(exitCodes.usage, ['crm_resource: Must supply a node name with -N'])
  await withDaemons(work, async (controller) => {
    say(work, 'Waiting for 1 reply from the controller')
    await controller.failResource(resourceOrder(resource, node))
    say(work, '... got reply (done)')
  })
  return exitCodes.ok
}

function onlyResource(work: Work): Resource | undefined {
  if (work.options.value('resource') === undefined) return undefined
  const resource = namedResource(work)
  if (work.options.has('force')) return resource
  let top = resource
  while (top.parent !== undefined) top = top.parent
  return top
}

/** Where a resource, or every one, has a history; the nodes in the order of their names. */
function targetsOf(work: Work, only: Resource | undefined, node: ClusterNode | undefined): readonly Target[] {
  const leaves = leavesOf(only === undefined ? work.cluster.resources : [only])
  const nodes = work.cluster.nodes
    .filter((item) => item.online && (node === undefined || item === node))
    .sort((a, b) => compareNodeNames(a.uname, b.uname))
  const seen = new Set<string>()
  const out: Target[] = []
  for (const resource of leaves) {
    for (const on of nodes) {
      const place = `${resource.xmlId}\0${on.uname}`
      if (!resource.unique && seen.has(place)) continue
      seen.add(place)
      out.push({ resource, node: on, forgets: false })
    }
  }
  return out
}

async function carryOut(work: Work, targets: readonly Target[], isSaid: boolean): Promise<void> {
  if (work.cib.isFile) {
    for (const { resource, node } of targets) {
      say(work, `Dry run: skipping clean-up of ${resource.xmlId} on ${node.uname} due to CIB_file`)
    }
    return
  }
  await withDaemons(work, async (controller) => {
    const attributes = await AttrdClient.connect('crm_resource')
    const waiting: Promise<unknown>[] = []
    try {
      for (const target of targets) {
        const { resource, node } = target
        await attributes.clearFailure({
          resource: resource.xmlId,
          node: node.uname,
          operation: work.options.value('operation'),
          isRemote: node.kind === 'remote',
        })
        if (target.forgets) waiting.push(controller.forgetResource(resourceOrder(resource, node)))
        if (isSaid) say(work, `Cleaned up ${resource.xmlId} on ${node.uname}`)
      }
      if (waiting.length > 0) await countReplies(work, waiting)
    } finally {
      attributes.close()
    }
  })
}

async function countReplies(work: Work, waiting: readonly Promise<unknown>[]): Promise<void> {
  const count = waiting.length
  say(work, `Waiting for ${count} ${count === 1 ? 'reply' : 'replies'} from the controller`)
  let left = count
  await Promise.all(
    waiting.map(async (reply) => {
      await reply
      left -= 1
      say(work, left === 0 ? '... got reply (done)' : '... got reply')
    }),
  )
}

async function withDaemons(work: Work, act: (controller: ControllerClient) => Promise<unknown>): Promise<void> {
  if (work.cib.isFile) throw controllerFailure()
  try {
    const controller = await ControllerClient.connect('crm_resource')
    try {
      await act(controller)
    } finally {
      controller.close()
    }
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    if (fault.code !== 'IPC_TIMEOUT') throw controllerFailure()
    throw new Failure(exitCodes.timeout, ['crm_resource: Aborting because no messages received in time'])
  }
}

function controllerFailure(): Failure {
  return new Failure(exitCodes.disconnect, [
    'crm_resource: Error connecting to the controller: Connection refused',
    'Error performing operation: Not connected',
  ])
}
