import { setTimeout as wait } from 'node:timers/promises'
import { monoMs, unreachable } from '@quorate/base'
import { equalInConstantTime } from '../hash.ts'
import type { DomainRef } from '../libvirt/rpc-message.ts'
import { uuidText } from '../libvirt/rpc-message.ts'
import { type Host, hostStates, isUuid, type OperationName, responses } from '../operation.ts'
import type { Backend, PlainOperation, Question } from './backend.ts'
import { Foresight } from './foresight.ts'
import { HypervisorPool } from './hypervisor-pool.ts'
import type { Journal } from './journal.ts'
import { type Hypervisor, LibvirtError, libvirtErrors } from './libvirt-connection.ts'

/** How long a reboot waits for the machine to be off, and how often it looks. */
export const stopMsMax = 15_000
const stopPollMs = 1_000

/** Machines of which a list is asked for practice: libvirt is asked about each of them. */
const practiceListMax = 32

/** A machine where it was found. */
export type FoundDomain = { readonly hypervisor: Hypervisor; readonly domain: DomainRef; readonly state: number }

/** Machines of one or several hypervisors. */
export class LibvirtBackend implements Backend {
  readonly kind = 'libvirt'
  readonly #pool: HypervisorPool
  readonly #foundAhead = new Foresight<FoundDomain | undefined>()
  readonly #listedAhead = new Foresight<readonly Host[]>()

  constructor(uris: readonly string[], journal: Journal, pool?: HypervisorPool) {
    this.#pool = pool ?? new HypervisorPool(uris, journal)
  }

  start(): Promise<void> {
    return this.#pool.start()
  }

  stop(): Promise<void> {
    return this.#pool.stop()
  }

  describe(): Readonly<Record<string, string>> {
    return this.#pool.describe()
  }

  /** Questions only: what is to be changed is looked up when it is changed. */
  foresee(request: object, operation: OperationName, target: string): void {
    const now = monoMs(performance.now())
    if (operation === 'status') this.#foundAhead.begin(request, now, () => findDomain(this.#pool, target))
    else if (operation === 'list') this.#listedAhead.begin(request, now, () => allHosts(this.#pool))
  }

  perform(operation: PlainOperation, target: string, request?: object): number | Promise<number> {
    if (operation === 'monitor') return responses.success
    if (operation === 'null') return responses.fail
    return this.#performOnFound(operation, target, request)
  }

  async #performOnFound(operation: PlainOperation, target: string, request?: object): Promise<number> {
    const ahead = request && this.#foundAhead.take(request, monoMs(performance.now()))
    return performOn(operation, await (ahead ?? findDomain(this.#pool, target)))
  }

  /** The status of a machine that there is: of one that there is not, libvirt would tell its log. */
  async practice(): Promise<readonly Question[]> {
    const hosts = await this.hosts()
    const [first] = hosts
    if (first === undefined) return []
    const status: Question = { operation: 'status', target: first.name }
    return hosts.length > practiceListMax ? [status] : [status, { operation: 'list', target: '' }]
  }

  hosts(request?: object): Promise<readonly Host[]> {
    return (request && this.#listedAhead.take(request, monoMs(performance.now()))) ?? allHosts(this.#pool)
  }
}

/** Carries an operation out on a machine, or answers for one that was not found. */
export async function performOn(operation: PlainOperation, found: FoundDomain | undefined): Promise<number> {
  switch (operation) {
    case 'null':
      return responses.fail
    case 'monitor':
      return responses.success
    case 'status':
      return isRunning(found?.state) ? responses.success : responses.off
    case 'off':
      return powerOff(found)
    case 'on':
      return powerOn(found)
    case 'reboot':
      return reboot(found)
    default:
      return unreachable(operation)
  }
}

/** Every machine of every hypervisor, sorted by name without regard to case, as the C daemon lists them. */
export async function allHosts(pool: HypervisorPool): Promise<readonly Host[]> {
  const lists = await Promise.all(pool.connected.map(hostsOf))
  return lists.flat().toSorted((a, b) => {
    const [left, right] = [a.name.toLowerCase(), b.name.toLowerCase()]
    return left < right ? -1 : left > right ? 1 : 0
  })
}

/** Every machine of one hypervisor. One that vanishes meanwhile is left out. */
export async function hostsOf(hypervisor: Hypervisor): Promise<readonly Host[]> {
  const domains = await hypervisor.listDomains()
  const hosts = await Promise.all(
    domains.map(async (domain) => {
      const state = await stateOf(hypervisor, domain)
      return state === undefined ? [] : [{ name: domain.name, uuid: uuidText(domain.uuid), state }]
    }),
  )
  return hosts.flat()
}

/**
 * Looks for a name or UUID on each hypervisor in turn. Trouble on one does not hide a machine of another; but a machine
 * that was not found may run on one that could not be asked, so that is an error and not an answer.
 */
export async function findDomain(pool: HypervisorPool, target: string): Promise<FoundDomain | undefined> {
  const hypervisors = pool.connected
  if (hypervisors.length === 0) throw new Error('no hypervisor is connected')
  let trouble: unknown
  for (const hypervisor of hypervisors) {
    try {
      return await lookUp(hypervisor, target)
    } catch (error) {
      if (!isNoDomain(error)) trouble = error
    }
  }
  if (trouble !== undefined) throw trouble
  if (!pool.isWhole) throw new Error('not found, and a hypervisor is not connected')
  return undefined
}

/** Machines remembered of one hypervisor. */
const rememberedMax = 16_384
const remembered = new WeakMap<Hypervisor, Map<string, DomainRef>>()

/**
 * A machine and its state. One that was found before is asked for its state in the same round trip in which it is
 * looked up again; the state counts only if it is still the same machine.
 */
async function lookUp(hypervisor: Hypervisor, target: string): Promise<FoundDomain> {
  const known = remembered.get(hypervisor) ?? new Map<string, DomainRef>()
  remembered.set(hypervisor, known)
  const before = known.get(target)
  const early = before === undefined ? undefined : hypervisor.state(before).catch(() => undefined)
  const domain = await hypervisor.lookup(isUuid(target) ? { uuid: target } : { name: target })
  if (known.size < rememberedMax) known.set(target, domain)
  const earlyState = await early
  const isSame = before !== undefined && equalInConstantTime(before.uuid, domain.uuid)
  return { hypervisor, domain, state: isSame && earlyState !== undefined ? earlyState : await hypervisor.state(domain) }
}

/** Unknown machines cannot be turned off: the name may be a mistake. */
export async function powerOff(found: FoundDomain | undefined): Promise<number> {
  if (found === undefined) return responses.fail
  if (found.state === hostStates.shutoff) return responses.success
  await destroyed(found)
  return responses.success
}

/** Starts a machine that is not running. */
export async function powerOn(found: FoundDomain | undefined): Promise<number> {
  if (found === undefined) return responses.fail
  if (isRunning(found.state)) return responses.success
  try {
    await found.hypervisor.create(found.domain)
  } catch (error) {
    if (!isRunning(await stateOf(found.hypervisor, found.domain))) throw error
  }
  return responses.success
}

/**
 * Off and on again. A machine that is off stays off. When it is off and cannot be started, fencing has still done
 * what it is for, so the outcome is success.
 */
export async function reboot(found: FoundDomain | undefined): Promise<number> {
  if (found === undefined) return responses.fail
  if (found.state === hostStates.shutoff) return responses.success
  const { hypervisor, domain } = found
  const xml = await hypervisor.xml(domain)
  await destroyed(found)
  const isOff = await becomesOff(found)
  if (!isOff) return responses.fail
  try {
    await hypervisor.createXml(xml)
  } catch {
    await hypervisor.create(domain).catch(() => undefined)
  }
  return responses.success
}

/** Destroys; a machine that stopped by itself meanwhile is as good. */
async function destroyed({ hypervisor, domain }: FoundDomain): Promise<void> {
  try {
    await hypervisor.destroy(domain)
  } catch (error) {
    const state = await stateOf(hypervisor, domain)
    if (state !== undefined && state !== hostStates.shutoff) throw error
  }
}

async function becomesOff({ hypervisor, domain }: FoundDomain): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += stopPollMs) {
    const state = await stateOf(hypervisor, domain)
    if (state === undefined || state === hostStates.shutoff) return true
    if (waitedMs >= stopMsMax) return false
    await wait(stopPollMs)
  }
}

async function stateOf(hypervisor: Hypervisor, domain: DomainRef): Promise<number | undefined> {
  try {
    return await hypervisor.state(domain)
  } catch (error) {
    if (isNoDomain(error)) return undefined
    throw error
  }
}

function isNoDomain(error: unknown): boolean {
  return error instanceof LibvirtError && error.code === libvirtErrors.noDomain
}

/** Anything but off counts as running for fencing: a paused machine may go on at any time. */
function isRunning(state: number | undefined): boolean {
  return state !== undefined && state !== hostStates.shutoff
}
