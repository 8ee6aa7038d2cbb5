import { compareNodeNames } from '@quorate/base'
import { featureSet } from '@quorate/cib'
import { IpcError } from '@quorate/qb'
import { attr, childrenNamed, element, type XmlElement } from '@quorate/xml'
import { crmPayload, crmRequest } from '../messages/crm-message.ts'
import { answerTimeoutMs, DaemonChannel } from './daemon-channel.ts'

/** A node as a controller lists it. */
export type ListedNode = {
  readonly id: string
  readonly name: string
  /** `member` or `lost`. */
  readonly state: string
}

/** What a controller knows of a node. */
export type NodeInfo = {
  readonly id: string | undefined
  readonly name: string | undefined
  readonly state: string | undefined
  readonly hasQuorum: boolean
  readonly isRemote: boolean
}

/** What a controller says of itself. */
export type ControllerStatus = {
  /** Node that answered. */
  readonly node: string | undefined
  /** State of its machine, e.g. `S_IDLE`. */
  readonly state: string | undefined
  readonly result: string | undefined
}

/** Which resource of which node an order is about, as the CIB has it. */
export type ResourceOrder = {
  readonly node: string
  /** The node that runs the remote node's connection, where `node` is one. */
  readonly router?: string | undefined
  readonly resource: string
  /** Name of the instance in the history where it is another, e.g. `r:0`. */
  readonly longId?: string | undefined
  readonly agentClass: string
  readonly agentProvider?: string | undefined
  readonly agentType: string
}

type Waiting = { readonly match: (xml: XmlElement) => boolean; readonly resolve: (xml: XmlElement) => void }

/**
 * A connection to the controller of this machine, ours or a real one. Answers come as events; each call waits for its
 * own, by the reference of its request.
 */
export class ControllerClient {
  readonly #name: string
  readonly #waiting = new Set<Waiting>()
  #channel: DaemonChannel | undefined
  #sequence = 0
  #lost: Error | undefined
  readonly #onLost = new Set<(error: Error) => void>()

  private constructor(name: string) {
    this.#name = name
  }

  /** Connects and says hello. `name` is that of the program. @throws IpcError */
  static async connect(name: string): Promise<ControllerClient> {
    const client = new ControllerClient(name)
    client.#channel = await DaemonChannel.open({
      service: 'crmd',
      onEvent: (xml) => client.#event(xml),
      onClose: (error) => {
        client.#lost = error
        for (const listener of [...client.#onLost]) listener(error)
      },
    })
    const options = element('options', {
      major_version: '1',
      minor_version: '0',
      client_name: name,
      client_uuid: String(process.pid),
    })
    await client.#send('hello', { payload: options })
    return client
  }

  /** State of the DC's controller, or of a node's. @throws IpcError `IPC_TIMEOUT` where there is none to answer */
  async ping(node?: string, timeoutMs?: number): Promise<ControllerStatus> {
    const to = node === undefined ? 'dc' : 'crmd'
    const answer = await this.#ask('ping', { to, host: node, timeoutMs })
    const payload = crmPayload(answer)
    return {
      node: attr(answer, 'src'),
      state: payload && attr(payload, 'crmd_state'),
      result: payload && attr(payload, 'result'),
    }
  }

  /** Nodes that this one knows of, sorted by name. */
  async listNodes(): Promise<readonly ListedNode[]> {
    const payload = crmPayload(await this.#ask('list-nodes', { to: 'crmd' }))
    const nodes = childrenNamed(payload ?? element('nodes'), 'node').map((node) => ({
      id: attr(node, 'id') ?? '',
      name: attr(node, 'uname') ?? '',
      state: attr(node, 'in_ccm') ?? attr(node, 'state') ?? '',
    }))
    return nodes.sort((a, b) => compareNodeNames(a.name, b.name))
  }

  /** What this node's controller knows of itself, or of the node of that id. */
  async nodeInfo(id?: number): Promise<NodeInfo> {
    const attributes = { id: id === undefined ? undefined : String(id) }
    const node = crmPayload(await this.#ask('node-info', { to: 'crmd', attributes })) ?? element('node')
    return {
      id: attr(node, 'id'),
      name: attr(node, 'uname'),
      state: attr(node, 'crmd'),
      hasQuorum: attr(node, 'have-quorum') === 'true',
      isRemote: attr(node, 'remote_node') === 'true',
    }
  }

  /** Has all nodes forget one that will not come back. No answer. */
  async removeNode(who: { readonly name?: string; readonly id?: number }): Promise<void> {
    const attributes = { id: who.id === undefined ? undefined : String(who.id), uname: who.name }
    await this.#send('rm_node_cache', { to: 'crmd', attributes })
  }

  /** Has a node forget a resource's history, so that it is probed again; resolves to the `<lrm_rsc_op>` of the answer. */
  async forgetResource(order: ResourceOrder, timeoutMs?: number): Promise<XmlElement | undefined> {
    return this.#orderResource('lrm_delete', order, timeoutMs)
  }

  /** Has a node report that a resource has failed; resolves to the `<lrm_rsc_op>` of the answer. */
  async failResource(order: ResourceOrder, timeoutMs?: number): Promise<XmlElement | undefined> {
    return this.#orderResource('lrm_fail', order, timeoutMs)
  }

  /** Has a node, or with none named all nodes, probe all resources. No answer. */
  async reprobe(node?: string): Promise<void> {
    await this.#send('reprobe', { to: 'crmd', host: node })
  }

  close(): void {
    this.#channel?.close()
  }

  async #orderResource(task: string, order: ResourceOrder, timeoutMs?: number): Promise<XmlElement | undefined> {
    const primitive = element('primitive', {
      id: order.resource,
      'long-id': order.longId,
      class: order.agentClass,
      provider: order.agentProvider,
      type: order.agentType,
    })
    const parameters = element('attributes', { crm_feature_set: featureSet, CRM_meta_timeout: '60000' })
    const op = element(
      'rsc_op',
      {
        'transition-key': `${process.pid}:0:0:xxxxxxxx-xrsc-opxx-xcrm-resourcexxxx`,
        on_node: order.node,
        router_node: order.router,
      },
      [primitive, parameters],
    )
    const named = order.longId ?? order.resource
    const answer = this.#answer(
      (xml) => attr(xml, 'crm_task') === 'lrm_invoke' && historyEntry(xml, named) !== undefined,
      timeoutMs,
    )
    answer.catch(() => undefined)
    await this.#send(task, { to: 'crmd', host: order.router ?? order.node, payload: op })
    return historyEntry(await answer, named)
  }

  async #ask(task: string, options: RequestOptions & { readonly timeoutMs?: number | undefined }): Promise<XmlElement> {
    const reference = this.#reference(task)
    const answer = this.#answer((xml) => attr(xml, 'reference') === reference, options.timeoutMs)
    answer.catch(() => undefined)
    await this.#send(task, options, reference)
    return answer
  }

  #answer(match: (xml: XmlElement) => boolean, timeoutMs = answerTimeoutMs): Promise<XmlElement> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        this.#onLost.delete(fail)
      }
      const fail = (error: Error): void => {
        done()
        reject(error)
      }
      const timer = setTimeout(() => fail(new IpcError('IPC_TIMEOUT', 'no answer from the controller')), timeoutMs)
      const waiting: Waiting = {
        match,
        resolve: (xml) => {
          done()
          resolve(xml)
        },
      }
      this.#waiting.add(waiting)
      this.#onLost.add(fail)
    })
  }

  #event(xml: XmlElement): void {
    for (const waiting of [...this.#waiting]) {
      if (!waiting.match(xml)) continue
      waiting.resolve(xml)
      return
    }
  }

  #reference(task: string): string {
    this.#sequence += 1
    return `${task}-${this.#name}-${Math.floor(Date.now() / 1000)}-${this.#sequence}`
  }

  async #send(task: string, options: RequestOptions, reference = this.#reference(task)): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost
    const request = crmRequest({
      task,
      to: options.to ?? 'crmd',
      from: `${process.pid}_${this.#name}`,
      host: options.host,
      reference,
      attributes: options.attributes ?? {},
      payload: options.payload,
    })
    await this.#channel?.send(request)
  }
}

type RequestOptions = {
  readonly to?: string
  readonly host?: string | undefined
  readonly attributes?: Readonly<Record<string, string | undefined>>
  readonly payload?: XmlElement
}

/** The result of an order about a resource within a direct answer. */
function historyEntry(message: XmlElement, resource: string): XmlElement | undefined {
  const state = crmPayload(message)
  for (const lrm of state === undefined ? [] : childrenNamed(state, 'lrm')) {
    for (const resources of lrm.children) {
      const found = resources.children.find((item) => attr(item, 'id') === resource)
      if (found !== undefined) return found.children[0]
    }
  }
  return undefined
}
