import { faultText } from '@quorate/cib'
import {
  AttrdClient,
  CibClient,
  type CibClientCall,
  CibFollower,
  ControllerClient,
  FencerClient,
  isDone,
  resourceOrder,
} from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { element, type XmlElement } from '@quorate/xml'
import type { CleanUpStep } from '../cluster/change.ts'
import type { NamedNode } from '../cluster/cib-edit.ts'
import { clusterName } from '../cluster/cluster-name.ts'
import { fencingViews } from '../cluster/fencing-view.ts'
import type { ChangeResult, ClusterSource, SourceListener } from './cluster-source.ts'

/** Name under which this program connects; written to update-client of what it changes. */
const clientName = 'quorate-console'
/** Between two attempts to reach a daemon, in milliseconds. */
const reconnectMs = 2000
/** How long a change may take, in milliseconds. */
const changeTimeoutMs = 60_000
/** Code of a CIB manager whose object is not there. */
const noSuchObject = -6

/** The cluster that this machine is a node of, ours or a real one: by the CIB manager's notifications, and the fencer's. */
export class LiveCluster implements ClusterSource {
  readonly kind = 'cluster'
  readonly isWritable = true
  #name = 'cluster'
  #listener: SourceListener | undefined
  #isClosed = false
  #isLost = false
  readonly #clients = new Set<{ close(): void }>()
  readonly #timers = new Set<NodeJS.Timeout>()

  /** As the configuration calls it; `cluster` until that was read. */
  get name(): string {
    return this.#name
  }

  start(listener: SourceListener): void {
    this.#listener = listener
    void this.#followCib()
    void this.#followFencer()
  }

  async patch(diff: XmlElement): Promise<ChangeResult> {
    return this.#change({ op: 'cib_apply_diff', data: diff })
  }

  async removeConstraints(ids: readonly string[]): Promise<ChangeResult> {
    const data = element(
      'constraints',
      {},
      ids.map((id) => element('rsc_location', { id })),
    )
    const result = await this.#change({ op: 'cib_delete', section: 'constraints', data })
    return result.rc === noSuchObject ? { rc: 0, text: '' } : result
  }

  async forgetAttribute(node: NamedNode, name: string): Promise<ChangeResult> {
    return attempt(async () => {
      const attributes = await AttrdClient.connect(clientName)
      try {
        await attributes.update({ name, node: node.uname, value: undefined, isRemote: node.isRemote })
      } finally {
        attributes.close()
      }
    })
  }

  async cleanUp(steps: readonly CleanUpStep[]): Promise<ChangeResult> {
    return attempt(async () => {
      const attributes = await AttrdClient.connect(clientName)
      const waiting: Promise<unknown>[] = []
      let controller: ControllerClient | undefined
      try {
        for (const { resource, node, forgets } of steps) {
          const isRemote = node.kind === 'remote'
          await attributes.clearFailure({ resource: resource.xmlId, node: node.uname, isRemote })
          if (!forgets) continue
          controller ??= await ControllerClient.connect(clientName)
          waiting.push(controller.forgetResource(resourceOrder(resource, node), changeTimeoutMs))
        }
        await Promise.all(waiting)
      } finally {
        await Promise.allSettled(waiting)
        attributes.close()
        controller?.close()
      }
    })
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const client of this.#clients) client.close()
  }

  async #change(call: CibClientCall): Promise<ChangeResult> {
    let client: CibClient | undefined
    try {
      client = await CibClient.connect({ name: clientName, access: 'rw' })
      const { rc } = await client.call({ ...call, timeoutMs: changeTimeoutMs })
      return { rc, text: rc === 0 ? '' : faultText(rc) }
    } catch (fault) {
      return contactFault(fault)
    } finally {
      client?.close()
    }
  }

  /** Follows the CIB until it is lost, and looks for it again. */
  async #followCib(): Promise<void> {
    while (!this.#isClosed) {
      const reason = await this.#followCibOnce()
      if (this.#isClosed) return
      if (!this.#isLost) this.#listener?.lost(reason)
      this.#isLost = true
      await this.#pause()
    }
  }

  async #followCibOnce(): Promise<string> {
    let lose: (reason: string) => void = () => undefined
    const lost = new Promise<string>((resolve) => {
      lose = resolve
    })
    let client: CibClient | undefined
    try {
      client = await CibClient.connect({ name: clientName, access: 'ro', onClose: (error) => lose(error.message) })
      this.#clients.add(client)
      void this.#askLocalNode()
      const follower = await CibFollower.start(client, (cib) => this.#see(cib))
      this.#see(follower.cib)
      return await lost
    } catch (fault) {
      return contactFault(fault).text
    } finally {
      if (client !== undefined) this.#clients.delete(client)
      client?.close()
    }
  }

  #see(cib: XmlElement): void {
    if (this.#isClosed) return
    this.#isLost = false
    this.#name = clusterName(cib) ?? this.#name
    this.#listener?.seen(cib)
  }

  async #askLocalNode(): Promise<void> {
    await attempt(async () => {
      const controller = await ControllerClient.connect(clientName)
      try {
        const { name } = await controller.nodeInfo()
        if (name !== undefined && !this.#isClosed) this.#listener?.localNode(name)
      } finally {
        controller.close()
      }
    })
  }

  /** Asks the fencer for its history at each of its notices. A cluster without a fencer to ask has none. */
  async #followFencer(): Promise<void> {
    while (!this.#isClosed) {
      let lose: () => void = () => undefined
      const lost = new Promise<void>((resolve) => {
        lose = resolve
      })
      await attempt(async () => {
        const client = await FencerClient.connect({ name: clientName, onClose: () => lose() })
        this.#clients.add(client)
        try {
          const ask = async (): Promise<void> => {
            const { outcome, records } = await client.history()
            if (isDone(outcome) && !this.#isClosed) this.#listener?.fencing(fencingViews(records))
          }
          await client.onNews(() => void attempt(ask))
          await ask()
          await lost
        } finally {
          this.#clients.delete(client)
          client.close()
        }
      })
      if (!this.#isClosed) await this.#pause()
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        resolve()
      }, reconnectMs)
      this.#timers.add(timer)
      timer.unref()
    })
  }
}

/** Code of a connection that there is not. */
const notConnected = -107

async function attempt(act: () => Promise<void>): Promise<ChangeResult> {
  try {
    await act()
    return { rc: 0, text: '' }
  } catch (fault) {
    return contactFault(fault)
  }
}

/** What went wrong between here and a daemon; anything else is a fault of this program, and is thrown on. */
function contactFault(fault: unknown): ChangeResult {
  if (fault instanceof IpcError) return { rc: notConnected, text: fault.message }
  throw fault
}
