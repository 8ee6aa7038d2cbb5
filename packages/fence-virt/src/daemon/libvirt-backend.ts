import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
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
import { MachineTurns } from './machine-turns.ts'

/** How long a reboot waits for the machine to be off, and how often it looks. */
export const stopMsMax = 15_000
const stopPollMs = 1_000

/**
 * How long a request waits for a hypervisor that went away to come back: a libvirtd that is restarted takes a few seconds,
 * and the requester waits for 30.
 */
export const returnMsMax = 15_000

/** Machines of which a list is asked for practice: libvirt is asked about each of them. */
const practiceListMax = 32

/** A machine where it was found. */
export type FoundDomain = {
  readonly hypervisor: Hypervisor
  readonly domain: DomainRef
  readonly state: number
  /** The same machine where it runs as well: one that is on its way from one hypervisor to another runs on both. */
  readonly copies?: readonly FoundDomain[]
}

/** Operations that change a machine: one at a time for each. */
const changing: ReadonlySet<PlainOperation> = new Set(['off', 'on', 'reboot'])

/** Machines of one or several hypervisors. */
export class LibvirtBackend implements Backend {
  readonly kind = 'libvirt'
  readonly #pool: HypervisorPool
  readonly #turns = new MachineTurns()
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
    const ahead = request && this.#foundAhead.take(request, monoMs(performance.now()))
    return performInTurn(this.#pool, this.#turns, operation, target, ahead)
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
    let ahead = request && this.#listedAhead.take(request, monoMs(performance.now()))
    return persistently(this.#pool, () => {
      const listing = ahead ?? allHosts(this.#pool)
      ahead = undefined
      return listing
    })
  }
}

/** Finds a machine and carries an operation out on it: one that changes it when those before it are over. */
export async function performInTurn(
  pool: HypervisorPool,
  turns: MachineTurns,
  operation: PlainOperation,
  target: string,
  ahead?: Promise<FoundDomain | undefined>,
): Promise<number> {
  let known = ahead
  return persistently(pool, () => {
    const found = known ?? findDomain(pool, target)
    known = undefined
    return performOnce(pool, turns, operation, target, found)
  })
}

/**
 * Tries again when the hypervisor is back that went away in the middle: what was asked is asked for a state, and whatever
 * came of the first attempt is found then.
 */
async function persistently<T>(pool: HypervisorPool, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + returnMsMax
  for (;;) {
    const lossesBefore = pool.losses
    try {
      return await attempt()
    } catch (error) {
      // Calls fail before their connection is taken for lost.
      await nextTurn()
      if (pool.isWhole && pool.losses === lossesBefore) throw error
      const leftMs = deadline - performance.now()
      if (leftMs <= 0 || !(await pool.becomesWhole(leftMs))) throw error
    }
  }
}

async function performOnce(
  pool: HypervisorPool,
  turns: MachineTurns,
  operation: PlainOperation,
  target: string,
  finding: Promise<FoundDomain | undefined>,
): Promise<number> {
  const finishedBefore = turns.finished
  const found = await finding
  if (found === undefined || !changing.has(operation)) return performOn(operation, found)
  return turns.take(uuidText(found.domain.uuid), async () => {
    const isFresh = turns.finished === finishedBefore
    return performOn(operation, isFresh ? found : await findDomain(pool, target))
  })
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

/** Every machine of every connected hypervisor, of which there must be one, sorted by name without regard to case, as the C daemon lists them. */
export async function allHosts(pool: HypervisorPool): Promise<readonly Host[]> {
  if (pool.connected.length === 0) throw new Error('no hypervisor is connected')
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
 * Looks for a name or UUID on all hypervisors. Where several have it, the one on which it runs is meant: one that moved
 * stays defined where it came from. What was not found, or is off, may run on a hypervisor that could not be asked: that
 * is an error and not an answer, and so is a name of several machines.
 */
export async function findDomain(pool: HypervisorPool, target: string): Promise<FoundDomain | undefined> {
  const hypervisors = pool.connected
  if (hypervisors.length === 0) throw new Error('no hypervisor is connected')
  const outcomes = await Promise.allSettled(hypervisors.map((hypervisor) => lookUp(hypervisor, target)))
  const found = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const [first] = found
  if (first !== undefined && found.some(({ domain }) => !equalInConstantTime(domain.uuid, first.domain.uuid))) {
    throw new Error('several machines have this name; each can be asked for by its UUID')
  }
  const [running, ...copies] = found.filter(({ state }) => isRunning(state))
  if (running !== undefined) return copies.length === 0 ? running : { ...running, copies }
  const trouble = outcomes.find((outcome) => outcome.status === 'rejected' && !isNoDomain(outcome.reason))
  if (trouble?.status === 'rejected') throw trouble.reason
  if (!pool.isWhole) {
    throw new Error(`${first === undefined ? 'not found' : 'off'}, and a hypervisor is not connected`)
  }
  return first
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
  for (const copy of [found, ...(found.copies ?? [])]) if (!(await becomesOff(copy))) return responses.fail
  try {
    await hypervisor.createXml(xml)
  } catch {
    await hypervisor.create(domain).catch(() => undefined)
  }
  return responses.success
}

/** Destroys, wherever it runs; a machine that stopped by itself meanwhile is as good. */
async function destroyed({ hypervisor, domain, copies = [] }: FoundDomain): Promise<void> {
  for (const copy of copies) await destroyed(copy)
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
