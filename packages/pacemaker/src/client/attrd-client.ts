import { IpcError } from '@quorate/qb'
import { attr, childrenNamed, element, type XmlElement } from '@quorate/xml'
import type { AttributeUpdate, ClearFailure } from '../attributes/service.ts'
import { DaemonChannel } from './daemon-channel.ts'

/** Status of an acknowledgement by which the attribute manager refuses a user what ACLs do not allow. */
const insufficientPrivileges = '4'
const permissionDenied = 13

/** Value of an attribute on a node, as the attribute manager answers it. */
export type AttributeAnswer = { readonly node: string; readonly value: string | undefined }

/**
 * A connection to the attribute manager of this machine, ours or a real one. Changes are acknowledged, not awaited; each
 * call fails with an IpcError where the connection does, `IPC_REFUSED` where the user's permissions do not allow it.
 */
export class AttrdClient {
  readonly #channel: DaemonChannel
  readonly #name: string

  private constructor(channel: DaemonChannel, name: string) {
    this.#channel = channel
    this.#name = name
  }

  /** Connects. `name` is that of the program. @throws IpcError */
  static async connect(name: string): Promise<AttrdClient> {
    return new AttrdClient(await DaemonChannel.open({ service: 'attrd' }), name)
  }

  /**
   * Sets or unsets a value.
   *
   * @param task `update-delay` changes the dampening only, `update-both` value and dampening
   * @param dampening as text with a unit (`5s`), which the attribute manager reads; instead of the change's own
   */
  async update(
    change: AttributeUpdate,
    task: 'update' | 'update-both' | 'update-delay' = 'update',
    dampening?: string,
  ): Promise<void> {
    const attributes = updateAttributes(change)
    await this.#call({ ...attributes, attr_dampening: dampening ?? attributes['attr_dampening'], task })
  }

  /** Sets or unsets all attributes whose names match a pattern (POSIX extended). */
  async updateMatching(pattern: string, change: Omit<AttributeUpdate, 'name'>): Promise<void> {
    const { attr_name: _, ...rest } = updateAttributes({ ...change, name: '' })
    await this.#call({ ...rest, attr_regex: pattern, task: 'update' })
  }

  async clearFailure(what: ClearFailure): Promise<void> {
    await this.#call({
      task: 'clear-failure',
      attr_host: what.node,
      attr_resource: what.resource,
      attr_clear_operation: what.operation,
      attr_clear_interval: what.intervalMs === undefined ? undefined : `${what.intervalMs}ms`,
      attr_is_remote: what.isRemote ? '1' : '0',
    })
  }

  /** Values on one node, or on all, in any order; empty where nobody has heard of the attribute. */
  async query(name: string, node?: string): Promise<readonly AttributeAnswer[]> {
    const answer = await this.#channel.call(this.#request({ attr_name: name, attr_host: node, task: 'query' }))
    if (attr(answer, 'subt') !== 'query') throw new IpcError('IPC_PROTOCOL', 'answer is none of the attribute manager')
    return childrenNamed(answer, 'node').map((item) => ({
      node: attr(item, 'attr_host') ?? '',
      value: attr(item, 'attr_value'),
    }))
  }

  /** Has every value written to the CIB again. */
  async refresh(): Promise<void> {
    await this.#call({ task: 'refresh' })
  }

  /** Has every node forget the values of a node. */
  async removePeer(node: string): Promise<void> {
    await this.#call({ task: 'peer-remove', attr_host: node })
  }

  close(): void {
    this.#channel.close()
  }

  async #call(attributes: Readonly<Record<string, string | undefined>>): Promise<void> {
    const answer = await this.#channel.call(this.#request(attributes))
    if (attr(answer, 'status') === insufficientPrivileges) {
      throw new IpcError('IPC_REFUSED', 'the attribute manager does not allow it', permissionDenied)
    }
  }

  #request(attributes: Readonly<Record<string, string | undefined>>): XmlElement {
    return element('create_attrd_op', { t: 'attrd', src: this.#name, ...attributes })
  }
}

function updateAttributes(change: AttributeUpdate): Readonly<Record<string, string | undefined>> {
  return {
    attr_name: change.name,
    attr_value: change.value,
    attr_dampening: change.dampeningMs === undefined ? undefined : `${change.dampeningMs}ms`,
    attr_host: change.node,
    attr_set: change.set,
    attr_is_remote: change.isRemote ? '1' : '0',
    attr_is_private: change.isPrivate ? '1' : '0',
  }
}
