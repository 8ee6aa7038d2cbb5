import { setTimeout as wait } from 'node:timers/promises'
import { unreachable } from '@quorate/base'
import rhea from 'rhea'
import type { BackendConf } from '../daemon-conf.ts'
import { type Host, hostStates, isUuid, responses } from '../operation.ts'
import {
  domainClasses,
  domainQuery,
  locateRequest,
  methodCall,
  type QmfAnswer,
  type QmfDomain,
  type QmfMessage,
  readQmfAnswer,
  stateNumber,
} from '../qmf/qmf-message.ts'
import type { Backend, PlainOperation } from './backend.ts'
import type { Journal } from './journal.ts'

/** Time for a broker to take a connection, for agents to say who they are, and for one to answer. */
export const qmfConnectMsMax = 5_000
export const qmfLocateMs = 1_000
export const qmfAnswerMsMax = 10_000
/** Between off and on of a reboot, and how often a state is looked at until it is as it should be. */
const stepMs = 1_000
const stepsMax = 10

type QmfConf = Extract<BackendConf, { kind: 'libvirt-qmf' }>

/**
 * Machines of hosts that run libvirt-qmf, reached over a Qpid broker by AMQP 1.0. UNVERIFIED: there is no such broker
 * and agent left to try it against (docs/fence-virt.md).
 */
export class QmfBackend implements Backend {
  readonly kind = 'libvirt-qmf'
  readonly #conf: QmfConf
  readonly #journal: Journal
  #console: QmfConsole | undefined

  constructor(conf: QmfConf, journal: Journal) {
    this.#conf = conf
    this.#journal = journal
  }

  async start(): Promise<void> {
    this.#console = await QmfConsole.open(this.#conf)
    this.#journal.info('libvirt-qmf: this backend was never tried against a real broker')
  }

  async stop(): Promise<void> {
    this.#console?.close()
  }

  describe(): Readonly<Record<string, string>> {
    return { broker: `${this.#conf.host}:${this.#conf.port}`, verified: 'no' }
  }

  async perform(operation: PlainOperation, target: string): Promise<number> {
    if (operation === 'null') return responses.fail
    if (operation === 'monitor') return responses.success
    const domain = await this.#find(target)
    switch (operation) {
      case 'status':
        return isOff(domain) ? responses.off : responses.success
      case 'off':
        return domain === undefined ? responses.fail : this.#bring(domain, target, 'off')
      case 'on':
        return domain === undefined ? responses.fail : this.#bring(domain, target, 'on')
      case 'reboot': {
        if (domain === undefined) return responses.fail
        if (isOff(domain)) return responses.success
        const off = await this.#bring(domain, target, 'off')
        if (off !== responses.success) return off
        await wait(stepMs)
        await this.#bring((await this.#find(target)) ?? domain, target, 'on')
        return responses.success
      }
      default:
        return unreachable(operation)
    }
  }

  async hosts(): Promise<readonly Host[]> {
    const domains = await this.#domains()
    return domains.map(({ name, uuid, state }) => ({ name, uuid, state: stateNumber(state) }))
  }

  async #bring(domain: QmfDomain, target: string, wanted: 'on' | 'off'): Promise<number> {
    const isAsWanted = (one: QmfDomain | undefined): boolean => isOff(one) === (wanted === 'off')
    if (isAsWanted(domain)) return responses.success
    const answer = await this.#ask(methodCall(domain, wanted === 'off' ? 'destroy' : 'create'))
    if (answer.kind === 'exception') this.#journal.error(`${wanted} of '${target}': ${answer.text}`)
    for (let step = 0; step < stepsMax; step += 1) {
      if (isAsWanted(await this.#find(target))) return responses.success
      await wait(stepMs)
    }
    return responses.fail
  }

  async #find(target: string): Promise<QmfDomain | undefined> {
    const domains = await this.#domains()
    const wanted = target.toLowerCase()
    return domains.find(({ name, uuid }) => (isUuid(target) ? uuid.toLowerCase() === wanted : name === target))
  }

  async #domains(): Promise<readonly QmfDomain[]> {
    const found = await this.#require().collect(locateRequest(), qmfLocateMs)
    const agents = found.flatMap((answer) => (answer.kind === 'agent' && answer.isLibvirt ? [answer.name] : []))
    const lists = await Promise.all(
      agents.flatMap((agent) => domainClasses.map((of) => this.#require().query(domainQuery(agent, of)))),
    )
    return lists.flat()
  }

  #ask(message: QmfMessage): Promise<QmfAnswer> {
    return this.#require().ask(message)
  }

  #require(): QmfConsole {
    if (this.#console === undefined) throw new Error('not connected to the broker')
    return this.#console
  }
}

function isOff(domain: QmfDomain | undefined): boolean {
  return domain === undefined || stateNumber(domain.state) === hostStates.shutoff
}

/** A QMF console on one connection: sends requests, matches answers by their correlation id. */
class QmfConsole {
  readonly #connection: rhea.Connection
  readonly #replyKey: string
  readonly #waiting = new Map<string, (answer: QmfAnswer) => void>()
  readonly #senders = new Map<string, rhea.Sender>()
  #nextId = 1

  private constructor(connection: rhea.Connection, replyKey: string) {
    this.#connection = connection
    this.#replyKey = replyKey
    connection.on('message', ({ message }: rhea.EventContext) => {
      if (message === undefined) return
      const id = `${message.correlation_id}`
      this.#waiting.get(id)?.(readQmfAnswer(message.application_properties, message.body))
    })
  }

  static open(conf: QmfConf): Promise<QmfConsole> {
    const replyKey = `fence_virtd.${process.pid}`
    return new Promise((resolve, reject) => {
      const user = conf.username === undefined ? {} : { username: conf.username }
      const connection = rhea.create_container({ id: replyKey }).connect({
        host: conf.host,
        port: conf.port,
        reconnect: true,
        ...user,
      })
      const late = setTimeout(() => {
        connection.close()
        reject(new Error(`no broker at ${conf.host}:${conf.port} within ${qmfConnectMsMax} ms`))
      }, qmfConnectMsMax)
      connection.once('connection_open', () => {
        clearTimeout(late)
        connection.open_receiver({ source: { address: `qmf.default.direct/${replyKey}` } })
        resolve(new QmfConsole(connection, replyKey))
      })
      connection.on('disconnected', () => undefined)
    })
  }

  close(): void {
    this.#connection.close()
  }

  /** The first answer. */
  ask(message: QmfMessage): Promise<QmfAnswer> {
    return new Promise((resolve, reject) => {
      const id = this.#send(message, (answer) => {
        clearTimeout(late)
        this.#waiting.delete(id)
        resolve(answer)
      })
      const late = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`agent ${message.subject} did not answer within ${qmfAnswerMsMax} ms`))
      }, qmfAnswerMsMax)
    })
  }

  /** Machines of all parts of an answer. */
  query(message: QmfMessage): Promise<readonly QmfDomain[]> {
    return new Promise((resolve) => {
      const domains: QmfDomain[] = []
      const finish = (): void => {
        clearTimeout(late)
        this.#waiting.delete(id)
        resolve(domains)
      }
      const id = this.#send(message, (answer) => {
        if (answer.kind === 'domains') domains.push(...answer.domains)
        if (answer.kind !== 'domains' || !answer.isPartial) finish()
      })
      const late = setTimeout(finish, qmfAnswerMsMax)
    })
  }

  /** All answers that come within a time. */
  async collect(message: QmfMessage, forMs: number): Promise<readonly QmfAnswer[]> {
    const answers: QmfAnswer[] = []
    const id = this.#send(message, (answer) => answers.push(answer))
    await wait(forMs)
    this.#waiting.delete(id)
    return answers
  }

  #send({ address, subject, properties, body }: QmfMessage, onAnswer: (answer: QmfAnswer) => void): string {
    const id = `${this.#nextId}`
    this.#nextId += 1
    this.#waiting.set(id, onAnswer)
    const sender = this.#senders.get(address) ?? this.#connection.open_sender(address)
    this.#senders.set(address, sender)
    sender.send({
      subject,
      correlation_id: id,
      reply_to: `qmf.default.direct/${this.#replyKey}`,
      application_properties: { ...properties },
      body,
    })
    return id
  }
}
