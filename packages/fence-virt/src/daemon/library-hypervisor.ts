import { LibvirtLibraryConnection, LibvirtLibraryError } from '@quorate/qb/ffi'
import { type DomainRef, uuidBytes, uuidText } from '../libvirt/rpc-message.ts'
import { hostStates } from '../operation.ts'
import { type Hypervisor, LibvirtError, type LifecycleEvent, lifecycle } from './libvirt-connection.ts'

/** How often the connection is tried, and how often guests are looked at where they are followed. */
export const livenessMs = 5_000
export const followMs = 1_000

/** A hypervisor through libvirt's client library: for URIs that its daemons do not serve themselves. */
export class LibraryHypervisor implements Hypervisor {
  readonly uri: string
  readonly closed: Promise<Error>
  readonly #connection: LibvirtLibraryConnection
  readonly #liveness: NodeJS.Timeout
  #follow: NodeJS.Timeout | undefined
  #isClosed = false
  #announceClosed: (error: Error) => void = () => undefined

  private constructor(uri: string, connection: LibvirtLibraryConnection) {
    this.uri = uri
    this.#connection = connection
    this.closed = new Promise((resolve) => {
      this.#announceClosed = resolve
    })
    this.#liveness = setInterval(() => this.#look(), livenessMs)
  }

  static async open(uri: string): Promise<LibraryHypervisor> {
    return new LibraryHypervisor(uri, await LibvirtLibraryConnection.open(uri))
  }

  async listDomains(): Promise<readonly DomainRef[]> {
    const domains = await translated(this.#connection.domains())
    return domains.map(({ name, uuid }) => ({ name, uuid: uuidBytes(uuid), id: -1 }))
  }

  async lookup(target: { readonly name: string } | { readonly uuid: string }): Promise<DomainRef> {
    const { name, uuid } = await translated(this.#connection.lookup(target))
    return { name, uuid: uuidBytes(uuid), id: -1 }
  }

  state(domain: DomainRef): Promise<number> {
    return translated(this.#connection.state(uuidText(domain.uuid)))
  }

  xml(domain: DomainRef): Promise<string> {
    return translated(this.#connection.xml(uuidText(domain.uuid)))
  }

  destroy(domain: DomainRef): Promise<void> {
    return translated(this.#connection.destroy(uuidText(domain.uuid)))
  }

  create(domain: DomainRef): Promise<void> {
    return translated(this.#connection.create(uuidText(domain.uuid)))
  }

  createXml(xml: string): Promise<void> {
    return translated(this.#connection.createXml(xml))
  }

  /** The library tells events on its own event loop, which is not this one: what changed is found by looking. */
  async watch(onEvent: (event: LifecycleEvent) => void): Promise<void> {
    let before = await this.#running()
    const look = async (): Promise<void> => {
      const now = await this.#running()
      for (const [uuid, domain] of now) if (!before.has(uuid)) onEvent({ domain, event: lifecycle.started })
      for (const [uuid, domain] of before) if (!now.has(uuid)) onEvent({ domain, event: lifecycle.stopped })
      before = now
    }
    let isLooking = false
    this.#follow = setInterval(() => {
      if (isLooking) return
      isLooking = true
      look().then(
        () => {
          isLooking = false
        },
        (error: Error) => this.#fail(error),
      )
    }, followMs)
  }

  close(): void {
    this.#fail(new Error('closed'))
  }

  async #running(): Promise<ReadonlyMap<string, DomainRef>> {
    const found = new Map<string, DomainRef>()
    for (const domain of await this.listDomains()) {
      const state = await this.state(domain).catch(() => hostStates.shutoff)
      if (state !== hostStates.shutoff) found.set(uuidText(domain.uuid), domain)
    }
    return found
  }

  #look(): void {
    this.#connection.isAlive().then(
      (isAlive) => {
        if (!isAlive) this.#fail(new Error('libvirt says that the connection is dead'))
      },
      (error: Error) => this.#fail(error),
    )
  }

  #fail(error: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#liveness)
    clearInterval(this.#follow)
    this.#connection.close().catch(() => undefined)
    this.#announceClosed(error)
  }
}

async function translated<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (error instanceof LibvirtLibraryError) throw new LibvirtError(error.code, error.message)
    throw error
  }
}
