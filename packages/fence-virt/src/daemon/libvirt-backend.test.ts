import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DomainRef, uuidBytes, uuidText } from '../libvirt/rpc-message.ts'
import { hostStates } from '../operation.ts'
import { HypervisorPool, reconnectMs } from './hypervisor-pool.ts'
import { LibvirtBackend, returnMsMax } from './libvirt-backend.ts'
import { type Hypervisor, LibvirtError, libvirtErrors } from './libvirt-connection.ts'

const journal = { error: () => undefined, info: () => undefined, debug: () => undefined }
const uuid = '11111111-aaaa-4aaa-8aaa-000000000001'
const otherUuid = '11111111-aaaa-4aaa-8aaa-000000000002'
const { running, shutoff } = hostStates

type Machine = { readonly name: string; readonly uuid: string; state: number }

/** A hypervisor that is a value. What it does to machines is written down. */
class FakeHypervisor implements Hypervisor {
  readonly uri: string
  readonly machines: Machine[]
  readonly done: string[] = []
  readonly closed: Promise<Error>
  /** What a machine waits for before it is destroyed. */
  destroying: Promise<void> = Promise.resolve()
  /** Told when a machine is about to be destroyed. */
  onDestroy: () => void = () => undefined
  #close: (error: Error) => void = () => undefined

  constructor(uri: string, machines: Machine[]) {
    this.uri = uri
    this.machines = machines
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  async listDomains(): Promise<readonly DomainRef[]> {
    return this.machines.map(domainOf)
  }

  async lookup(target: { readonly name: string } | { readonly uuid: string }): Promise<DomainRef> {
    return domainOf(
      this.#find((one) => ('name' in target ? one.name === target.name : one.uuid === target.uuid.toLowerCase())),
    )
  }

  async state(domain: DomainRef): Promise<number> {
    return this.#of(domain).state
  }

  async xml(domain: DomainRef): Promise<string> {
    return this.#of(domain).uuid
  }

  async destroy(domain: DomainRef): Promise<void> {
    this.onDestroy()
    await this.destroying
    this.done.push('destroy')
    this.#of(domain).state = shutoff
  }

  async create(domain: DomainRef): Promise<void> {
    this.done.push('create')
    this.#of(domain).state = running
  }

  async createXml(xml: string): Promise<void> {
    await this.create({ name: '', uuid: uuidBytes(xml), id: -1 })
  }

  async watch(): Promise<void> {}

  close(): void {
    this.#close(new Error('closed'))
  }

  #of(domain: DomainRef): Machine {
    return this.#find((one) => one.uuid === uuidText(domain.uuid))
  }

  #find(isMeant: (machine: Machine) => boolean): Machine {
    const found = this.machines.find(isMeant)
    if (found === undefined) throw new LibvirtError(libvirtErrors.noDomain, 'Domain not found')
    return found
  }
}

function domainOf({ name, uuid: text }: Machine): DomainRef {
  return { name, uuid: uuidBytes(text), id: -1 }
}

/** Lets fake time pass, when all that needs none is done: a loss is looked at one turn of the loop behind it. */
async function pass(ms: number): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await nextTurn()
  await vi.advanceTimersByTimeAsync(ms)
}

/** A backend of these hypervisors; `undefined` stands for one that does not answer. */
async function backendOf(...hypervisors: readonly (FakeHypervisor | undefined)[]): Promise<LibvirtBackend> {
  const uris = hypervisors.map((_, index) => `fake:///${index}`)
  const pool = new HypervisorPool(uris, journal, undefined, async (uri) => {
    const hypervisor = hypervisors[uris.indexOf(uri)]
    if (hypervisor === undefined) throw new Error('does not answer')
    return hypervisor
  })
  const backend = new LibvirtBackend(uris, journal, pool)
  await backend.start()
  return backend
}

describe('a machine that several hypervisors have', () => {
  const pair = () =>
    [
      new FakeHypervisor('a', [{ name: 'vm', uuid, state: shutoff }]),
      new FakeHypervisor('b', [{ name: 'vm', uuid, state: running }]),
    ] as const

  it('is the one that runs, wherever else it is defined', async () => {
    const [left, right] = pair()
    const backend = await backendOf(left, right)
    expect(await backend.perform('status', 'vm')).toBe(0)
    expect(await backend.perform('on', uuid)).toBe(0)
    expect([left.done, right.done]).toEqual([[], []])
    expect(await backend.perform('reboot', 'vm')).toBe(0)
    expect([left.done, right.done]).toEqual([[], ['destroy', 'create']])
    expect(await backend.perform('off', uuid)).toBe(0)
    expect([left.machines[0]?.state, right.machines[0]?.state]).toEqual([shutoff, shutoff])
    expect(await backend.perform('status', 'vm')).toBe(2)
    await backend.stop()
  })

  it.each(['off', 'reboot'] as const)('is stopped on both while it moves from one to the other (%s)', async (what) => {
    const [left, right] = pair()
    for (const machine of left.machines) machine.state = running
    const backend = await backendOf(left, right)
    expect(await backend.perform(what, 'vm')).toBe(0)
    expect([left.done[0], right.done]).toEqual(['destroy', ['destroy']])
    expect(right.machines[0]?.state).toBe(shutoff)
    await backend.stop()
  })

  it('is not called off while one of them cannot be asked', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const [left] = pair()
    const backend = await backendOf(left, undefined)
    const outcomes = [
      ...(['status', 'off', 'reboot', 'on'] as const).map((operation) => backend.perform(operation, 'vm')),
      backend.perform('off', 'nosuch'),
    ].map((outcome) => Promise.resolve(outcome).catch((error: Error) => error.message))
    await pass(returnMsMax)
    vi.useRealTimers()
    const off = 'off, and a hypervisor is not connected'
    expect(await Promise.all(outcomes)).toEqual([off, off, off, off, 'not found, and a hypervisor is not connected'])
    expect(left.done).toEqual([])
    await backend.stop()
  })

  it('is not guessed where two machines have the name', async () => {
    const [left, right] = pair()
    right.machines.splice(0, 1, { name: 'vm', uuid: otherUuid, state: running })
    const backend = await backendOf(left, right)
    await expect(backend.perform('off', 'vm')).rejects.toThrow('several machines have this name')
    expect(await backend.perform('off', otherUuid)).toBe(0)
    expect([left.done, right.done]).toEqual([[], ['destroy']])
    await backend.stop()
  })
})

describe('a machine that is changed', () => {
  it('is changed by one request at a time, whatever it is called by', async () => {
    const only = new FakeHypervisor('a', [{ name: 'vm', uuid, state: running }])
    let goOn = (): void => undefined
    only.destroying = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const isDestroying = new Promise<void>((resolve) => {
      only.onDestroy = resolve
    })
    const backend = await backendOf(only)
    const reboot = backend.perform('reboot', 'vm')
    await isDestroying
    const off = backend.perform('off', uuid.toUpperCase())
    const status = await backend.perform('status', 'vm')
    goOn()
    expect([status, await reboot, await off]).toEqual([0, 0, 0])
    expect(only.done).toEqual(['destroy', 'create', 'destroy'])
    expect(only.machines[0]?.state).toBe(shutoff)
    await backend.stop()
  })
})

describe('a hypervisor that goes away in the middle', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  /** A backend whose hypervisor dies at its first `destroy`, and the one that is there when it is looked for again. */
  async function dying(next: FakeHypervisor | undefined): Promise<LibvirtBackend> {
    const first = new FakeHypervisor('first', [{ name: 'vm', uuid, state: running }])
    first.onDestroy = () => {
      first.close()
      first.machines.length = 0
      throw new Error('the connection is closed')
    }
    first.state = async (domain) => {
      if (first.machines.length === 0) throw new Error('the connection is closed')
      return first.machines.find((one) => one.uuid === uuidText(domain.uuid))?.state ?? shutoff
    }
    let opened = 0
    const pool = new HypervisorPool(['fake:///'], journal, undefined, async () => {
      opened += 1
      if (opened === 1) return first
      if (next === undefined) throw new Error('does not answer')
      return next
    })
    const backend = new LibvirtBackend(['fake:///'], journal, pool)
    await backend.start()
    return backend
  }

  it.each(['off', 'reboot'] as const)('is asked again when it is back (%s)', async (operation) => {
    const next = new FakeHypervisor('next', [{ name: 'vm', uuid, state: running }])
    const backend = await dying(next)
    const asked = backend.perform(operation, 'vm')
    await pass(reconnectMs)
    expect(await asked).toBe(0)
    expect(next.done[0]).toBe('destroy')
    await backend.stop()
  })

  it('is not waited for for ever: the request fails, and so do others, lists among them', async () => {
    const backend = await dying(undefined)
    const outcome = Promise.resolve(backend.perform('off', 'vm')).catch((error: Error) => error.message)
    await pass(returnMsMax)
    expect(await outcome).toBe('the connection is closed')
    const others = Promise.all([
      Promise.resolve(backend.perform('status', 'vm')).catch((error: Error) => error.message),
      backend.hosts().catch((error: Error) => error.message),
    ])
    await pass(returnMsMax)
    expect(await others).toEqual(['no hypervisor is connected', 'no hypervisor is connected'])
    await backend.stop()
  })

  it('is not waited for by a daemon that is told to end', async () => {
    const backend = await dying(undefined)
    const outcome = Promise.resolve(backend.perform('off', 'vm')).catch((error: Error) => error.message)
    await pass(1)
    await backend.stop()
    expect(await outcome).toBe('the connection is closed')
  })
})

describe('the pool of hypervisors', () => {
  it('closes one that it cannot follow', async () => {
    const only = new FakeHypervisor('a', [])
    const refuse = async (): Promise<void> => {
      throw new Error('no events')
    }
    const pool = new HypervisorPool(['fake:///'], journal, refuse, async () => only)
    await expect(pool.start()).rejects.toThrow('no events')
    expect((await only.closed).message).toBe('closed')
  })
})
