import { setTimeout as wait } from 'node:timers/promises'
import { unreachable } from '@quorate/base'
import { AttrdClient, CibClient } from '@quorate/pacemaker/client'
import { element, type XmlElement } from '@quorate/xml'
import { placeOf, targetRoleIds, transientAttribute } from '../cluster/resource-place.ts'
import { type Host, responses } from '../operation.ts'
import type { Backend, PlainOperation } from './backend.ts'
import type { Journal } from './journal.ts'

/** How long the cluster may take over each step, and how often it is looked at. */
export const clusterStepMsMax = 30_000
const pollMs = 1_000
const clientName = 'fence_virtd'

/**
 * Machines that are resources of a Pacemaker cluster of hosts: what clients name is the id of the resource. Works on
 * every node of that cluster.
 */
export class PacemakerBackend implements Backend {
  readonly kind = 'pacemaker'
  readonly #journal: Journal

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Sees whether the cluster is there. */
  async start(): Promise<void> {
    await this.#cib()
  }

  async stop(): Promise<void> {}

  describe(): Readonly<Record<string, string>> {
    return { cluster: 'this node' }
  }

  async hosts(): Promise<readonly Host[] | undefined> {
    return undefined
  }

  async perform(operation: PlainOperation, resource: string): Promise<number> {
    switch (operation) {
      case 'null':
        return responses.fail
      case 'monitor':
        return responses.success
      case 'status':
        return this.#status(resource)
      case 'off':
        return this.#off(resource)
      case 'on':
        return this.#on(resource)
      case 'reboot': {
        const off = await this.#off(resource)
        return off === responses.success ? this.#on(resource) : off
      }
      default:
        return unreachable(operation)
    }
  }

  async #status(resource: string): Promise<number> {
    const { definition, activeOn } = placeOf(await this.#cib(), resource)
    if (definition === undefined) return responses.fail
    return activeOn.length > 0 ? responses.success : responses.off
  }

  /** The resource's agent finds the attribute and turns the machine off rather than shutting it down. */
  async #off(resource: string): Promise<number> {
    const { definition, activeOn } = placeOf(await this.#cib(), resource)
    if (definition === undefined) return responses.fail
    const attribute = `force_stop-${resource}`
    const attributes = await AttrdClient.connect(clientName)
    try {
      for (const node of activeOn) await this.#mark(attributes, attribute, node, 'true')
      if (!(await this.#setTargetRole(definition, resource, 'Stopped'))) return responses.fail
      const isOff = await this.#becomes((cib) => placeOf(cib, resource).activeOn.length === 0)
      if (!isOff) this.#journal.error(`${resource} is still active after ${clusterStepMsMax} ms`)
      return isOff ? responses.success : responses.fail
    } finally {
      for (const node of activeOn) await this.#mark(attributes, attribute, node, undefined)
      attributes.close()
    }
  }

  async #on(resource: string): Promise<number> {
    const { definition } = placeOf(await this.#cib(), resource)
    if (definition === undefined) return responses.fail
    if (!(await this.#setTargetRole(definition, resource, 'Started'))) return responses.fail
    const isOn = await this.#becomes((cib) => placeOf(cib, resource).activeOn.length > 0)
    return isOn ? responses.success : responses.fail
  }

  /** Sets or removes a transient attribute and waits until the CIB shows it. */
  async #mark(attributes: AttrdClient, name: string, node: string, value: string | undefined): Promise<void> {
    await attributes.update({ name, value, node, isRemote: false, isPrivate: false, dampeningMs: 0, set: undefined })
    const isThere = await this.#becomes((cib) => transientAttribute(cib, node, name) === value)
    if (!isThere) this.#journal.error(`${name} of ${node} did not reach the CIB within ${clusterStepMsMax} ms`)
  }

  async #setTargetRole(definition: XmlElement, resource: string, role: 'Started' | 'Stopped'): Promise<boolean> {
    const ids = targetRoleIds(definition, resource)
    const data = element(definition.name, { id: resource }, [
      element('meta_attributes', { id: ids.set }, [
        element('nvpair', { id: ids.pair, name: 'target-role', value: role }),
      ]),
    ])
    return withCib(async (cib) => {
      const { rc } = await cib.call({ op: 'cib_modify', section: 'resources', data })
      if (rc !== 0) this.#journal.error(`target-role of ${resource}: the CIB answers ${rc}`)
      return rc === 0
    })
  }

  async #becomes(isTrue: (cib: XmlElement) => boolean): Promise<boolean> {
    for (let waitedMs = 0; ; waitedMs += pollMs) {
      if (isTrue(await this.#cib())) return true
      if (waitedMs >= clusterStepMsMax) return false
      await wait(pollMs)
    }
  }

  #cib(): Promise<XmlElement> {
    return withCib(async (client) => {
      const { rc, data } = await client.query()
      if (rc !== 0 || data === undefined) throw new Error(`the CIB cannot be had: ${rc}`)
      return data
    })
  }
}

/** A connection for each use: the cluster may restart between two requests. */
async function withCib<T>(use: (client: CibClient) => Promise<T>): Promise<T> {
  const client = await CibClient.connect({ name: clientName })
  try {
    return await use(client)
  } finally {
    client.close()
  }
}
