import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { CpgClient, Ring } from '@quorate/corosync/client'
import { decodeCpgMessage, encodeCpgMessage } from '../cpg/cpg-message.ts'
import {
  type Directory,
  type DirectoryEffect,
  type DirectoryEvent,
  type GroupRequest,
  type NameMode,
  newDirectory,
  stepDirectory,
} from '../cpg/guest-directory.ts'
import { type Host, responses } from '../operation.ts'
import { type Backend, drainMsMax, type PlainOperation } from './backend.ts'
import { HypervisorPool } from './hypervisor-pool.ts'
import type { Journal } from './journal.ts'
import { allHosts, performInTurn } from './libvirt-backend.ts'
import { MachineTurns } from './machine-turns.ts'

/** How long the group may take over a request: more than a reboot that waits for its machine to stop. */
export const groupAnswerMsMax = 60_000
/** Time that those who join have to look at their hypervisor and tell the group what they have. */
export const settleMs = 5_000
/** Sequence numbers are below this. */
const sequenceEnd = 2 ** 32
/** Between two attempts to get into the group again after the ring went away. */
export const rejoinMs = 1_000

/** Machines of all hosts that share a corosync group: each request goes to the host that has its machine. */
export class CpgBackend implements Backend {
  readonly kind = 'cpg'
  readonly #ring: Ring
  readonly #group: string
  readonly #nameMode: NameMode
  readonly #pool: HypervisorPool
  readonly #turns = new MachineTurns()
  readonly #journal: Journal
  readonly #waiting = new Map<number, (response: number) => void>()
  /** What this host does for the group. */
  readonly #performing = new Set<Promise<void>>()
  #client: CpgClient | undefined
  #directory: Directory
  #nextId = 1
  #settling: NodeJS.Timeout | undefined
  #isStopped = false
  /** Messages are dealt with one after the other, in the order of the group, looks at the hypervisor included. */
  #turn: Promise<void> = Promise.resolve()

  constructor(
    conf: { readonly uris: readonly string[]; readonly nameMode: NameMode; readonly group: string },
    ring: Ring,
    journal: Journal,
  ) {
    this.#ring = ring
    this.#group = conf.group
    this.#nameMode = conf.nameMode
    this.#journal = journal
    this.#directory = newDirectory(0, conf.nameMode, 0)
    this.#pool = new HypervisorPool(conf.uris, journal, async (hypervisor) => {
      await hypervisor.watch(() => this.#later({ do: 'look', request: undefined }))
      this.#later({ do: 'look', request: undefined })
    })
  }

  async start(): Promise<void> {
    await this.#pool.start()
    await this.#join()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#settling)
    const ending = new AbortController()
    await Promise.race([
      Promise.all(this.#performing),
      wait(drainMsMax, undefined, { signal: ending.signal }).catch(() => undefined),
    ])
    ending.abort()
    this.#client?.close()
    await this.#pool.stop()
  }

  describe(): Readonly<Record<string, string>> {
    const guests = [...this.#directory.guests.values()].reduce((sum, list) => sum + list.length, 0)
    return {
      group: this.#group,
      node: `${this.#directory.self}`,
      members: this.#directory.members.join(' '),
      guests: `${guests}`,
      ...this.#pool.describe(),
    }
  }

  async perform(operation: PlainOperation, target: string): Promise<number> {
    if (operation === 'null') return responses.fail
    if (operation === 'monitor') return this.#client === undefined ? responses.fail : responses.success
    if (this.#client === undefined) throw new Error('not in the group: corosync does not answer')
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#waiting.delete(id)
        this.#take({ kind: 'expire', id })
        this.#journal.error(`${operation} of '${target}': no answer of the group within ${groupAnswerMsMax} ms`)
        resolve(responses.fail)
      }, groupAnswerMsMax)
      this.#waiting.set(id, (response) => {
        clearTimeout(late)
        resolve(response)
      })
      this.#take({ kind: 'ask', id, operation, target })
    })
  }

  /** Those of this host, as the C daemon lists them. */
  hosts(): Promise<readonly Host[]> {
    return allHosts(this.#pool)
  }

  async #join(): Promise<void> {
    const client = await this.#ring.cpg({
      deliver: (from, bytes) => {
        const message = decodeCpgMessage(bytes)
        if (message.ok) this.#later({ kind: 'message', from: from.nodeId, pid: from.pid, message: message.value })
        else this.#journal.debug(1, `group message of node ${from.nodeId} dropped: ${message.error}`)
      },
      confchg: (change) => {
        const members = [...new Set<number>(change.members.map(({ nodeId }) => nodeId))]
        const leftBehind = change.left.filter(({ reason }) => reason !== 'nodedown').map(({ nodeId }) => nodeId)
        this.#later({ kind: 'members', members, leftBehind })
      },
      ring: (_, nodes) => this.#later({ kind: 'ring', nodes }),
      onClose: (error) => this.#onRingLost(error),
    })
    this.#directory = newDirectory(client.localNodeId, this.#nameMode, randomInt(sequenceEnd))
    this.#client = client
    await client.join(this.#group)
  }

  #onRingLost(error: Error): void {
    this.#client = undefined
    if (this.#isStopped) return
    this.#journal.error(`corosync: ${error.message}; trying again`)
    for (const answer of this.#waiting.values()) answer(responses.fail)
    this.#waiting.clear()
    const attempt = async (): Promise<void> => {
      while (!this.#isStopped) {
        await wait(rejoinMs)
        try {
          return await this.#join()
        } catch {}
      }
    }
    attempt().then(() => this.#journal.info('corosync: in the group again'))
  }

  /** Behind everything that came before. */
  #later(work: DirectoryEvent | DirectoryEffect): void {
    this.#turn = this.#turn.then(async () => {
      if ('kind' in work) await this.#take(work)
      else await this.#carryOut(work)
    })
  }

  async #take(event: DirectoryEvent): Promise<void> {
    const step = stepDirectory(this.#directory, event)
    this.#directory = step.directory
    for (const effect of step.effects) await this.#carryOut(effect)
  }

  async #carryOut(effect: DirectoryEffect): Promise<void> {
    switch (effect.do) {
      case 'multicast':
        return this.#multicast(effect)
      case 'look':
        return this.#look(effect.request)
      case 'settle':
        clearTimeout(this.#settling)
        this.#settling = setTimeout(() => this.#later({ kind: 'settled', join: effect.join }), settleMs)
        return
      case 'perform':
        this.#perform(effect.request)
        return
      case 'answer':
        this.#waiting.get(effect.id)?.(effect.response)
        this.#waiting.delete(effect.id)
        return
      default:
        effect satisfies never
    }
  }

  async #multicast({ message }: Extract<DirectoryEffect, { do: 'multicast' }>): Promise<void> {
    try {
      await this.#client?.mcast(encodeCpgMessage(message))
    } catch (error) {
      this.#journal.error(`multicast: ${error instanceof Error ? error.message : error}`)
    }
  }

  /** Where a hypervisor does not answer, nobody knows which machines this node has. */
  async #look(request: GroupRequest | undefined): Promise<void> {
    let hosts: readonly Host[] = []
    let isWhole = false
    try {
      hosts = await allHosts(this.#pool)
      isWhole = this.#pool.isWhole
    } catch (error) {
      this.#journal.error(`machines of this host: ${error instanceof Error ? error.message : error}`)
    }
    await this.#take({ kind: 'local', hosts, isWhole, request })
  }

  /** Beside the queue: a reboot takes seconds, in which others are served. */
  #perform(request: GroupRequest): void {
    const perform = async (): Promise<number> => {
      if (request.operation === 'list') return responses.fail
      try {
        return await performInTurn(this.#pool, this.#turns, request.operation, request.target)
      } catch (error) {
        this.#journal.error(
          `${request.operation} of '${request.target}': ${error instanceof Error ? error.message : error}`,
        )
        return responses.fail
      }
    }
    const performing = perform()
      .then((response) => this.#take({ kind: 'performed', request, response }))
      .finally(() => this.#performing.delete(performing))
    this.#performing.add(performing)
  }
}
