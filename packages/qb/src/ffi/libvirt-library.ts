import koffi from 'koffi'
import { native } from './libc.ts'

/** What this file uses of a function that koffi has bound: a call that runs beside the event loop. */
type Bound = { async(...values: readonly unknown[]): void }

const free = native('free', 'void', ['uintptr_t'])
const uuidTextBytes = 37
/** Domains of one list that are read. */
export const libraryDomainsMax = 16_384

/** A failed call of libvirt; `code` is a virErrorNumber. */
export class LibvirtLibraryError extends Error {
  override readonly name = 'LibvirtLibraryError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

type Functions = Readonly<Record<keyof typeof signatures, Bound>>

const signatures = {
  virConnectOpen: ['uintptr_t', ['str']],
  virConnectClose: ['int', ['uintptr_t']],
  virConnectIsAlive: ['int', ['uintptr_t']],
  virConnectListAllDomains: ['int', ['uintptr_t', 'void *', 'unsigned int']],
  virDomainLookupByName: ['uintptr_t', ['uintptr_t', 'str']],
  virDomainLookupByUUIDString: ['uintptr_t', ['uintptr_t', 'str']],
  virDomainGetName: ['str', ['uintptr_t']],
  virDomainGetUUIDString: ['int', ['uintptr_t', 'void *']],
  virDomainGetState: ['int', ['uintptr_t', 'void *', 'void *', 'unsigned int']],
  virDomainDestroy: ['int', ['uintptr_t']],
  virDomainCreate: ['int', ['uintptr_t']],
  virDomainCreateXML: ['uintptr_t', ['uintptr_t', 'str', 'unsigned int']],
  virDomainFree: ['int', ['uintptr_t']],
} as const satisfies Record<string, readonly [string, readonly string[]]>

type Library = {
  readonly functions: Functions
  readonly xml: Bound
  readonly lastError: (connection: number) => unknown
}

let loaded: Library | undefined

/** Loads libvirt.so.0 at its first use. @throws Error where it is not installed */
function library(): Library {
  if (loaded !== undefined) return loaded
  const lib = koffi.load('libvirt.so.0')
  const bind = (name: keyof typeof signatures): Bound => {
    const [returns, parameters] = signatures[name]
    return lib.func(name, returns, [...parameters]) as unknown as Bound
  }
  const functions = Object.fromEntries(
    Object.keys(signatures).map((name) => [name, bind(name as keyof typeof signatures)]),
  ) as Functions
  // The start of a virError: what is behind the message is of no interest.
  koffi.struct('QuorateVirError', { code: 'int', domain: 'int', message: 'str' })
  const heapText = koffi.disposable('QuorateHeapText', 'str')
  const xml = lib.func('virDomainGetXMLDesc', heapText, ['uintptr_t', 'unsigned int']) as unknown as Bound
  const lastError = lib.func('virConnGetLastError', 'QuorateVirError *', [
    'uintptr_t',
  ]) as unknown as Library['lastError']
  const silence = lib.func('virSetErrorFunc', 'void', ['void *', 'void *'])
  silence(null, quietHandler())
  loaded = { functions, xml, lastError }
  return loaded
}

/** libvirt prints errors by itself unless it is given something else to do with them. */
function quietHandler(): unknown {
  const type = koffi.proto('void QuorateVirErrorHandler(void *userData, void *error)')
  return koffi.register(() => undefined, koffi.pointer(type))
}

function called<T>(bound: Bound, ...values: readonly unknown[]): Promise<T> {
  return new Promise((resolve, reject) => {
    bound.async(...values, (error: Error | null, result: T) => (error === null ? resolve(result) : reject(error)))
  })
}

/** A domain by its name and UUID, with no handle into the library. */
export type LibraryDomain = { readonly name: string; readonly uuid: string }

/**
 * A connection through libvirt's client library, for drivers and transports that only it has (`test:///`, `+ssh`, `+tls`).
 * Calls run beside the event loop; each takes a worker thread of node while it lasts.
 */
export class LibvirtLibraryConnection {
  readonly #connection: number
  readonly #library: Library

  private constructor(connection: number, loadedLibrary: Library) {
    this.#connection = connection
    this.#library = loadedLibrary
  }

  /** @throws Error where the library is missing or does not connect */
  static async open(uri: string): Promise<LibvirtLibraryConnection> {
    const lib = library()
    const connection = await called<number>(lib.functions.virConnectOpen, uri)
    if (connection === 0) throw new LibvirtLibraryError(0, `libvirt does not connect to '${uri}'`)
    return new LibvirtLibraryConnection(connection, lib)
  }

  async isAlive(): Promise<boolean> {
    return (await called<number>(this.#library.functions.virConnectIsAlive, this.#connection)) === 1
  }

  async close(): Promise<void> {
    await called<number>(this.#library.functions.virConnectClose, this.#connection)
  }

  async domains(): Promise<readonly LibraryDomain[]> {
    const out = new BigUint64Array(1)
    const count = await called<number>(this.#library.functions.virConnectListAllDomains, this.#connection, out, 0)
    if (count < 0) throw this.#fault('list')
    const [array = 0n] = out
    const handles: readonly number[] = count === 0 ? [] : koffi.decode(array, 'uintptr_t', count)
    free(Number(array))
    const found: LibraryDomain[] = []
    for (const [index, handle] of handles.entries()) {
      if (index < libraryDomainsMax) found.push(await this.#describe(handle))
      await called<number>(this.#library.functions.virDomainFree, handle)
    }
    return found
  }

  /** @throws LibvirtLibraryError 42 where there is none */
  lookup(target: { readonly name: string } | { readonly uuid: string }): Promise<LibraryDomain> {
    return this.#with(target, (handle) => this.#describe(handle))
  }

  /** virDomainState. */
  state(uuid: string): Promise<number> {
    return this.#with({ uuid }, async (handle) => {
      const state = new Int32Array(1)
      const outcome = await called<number>(this.#library.functions.virDomainGetState, handle, state, null, 0)
      if (outcome < 0) throw this.#fault('state')
      return state[0] ?? 0
    })
  }

  xml(uuid: string): Promise<string> {
    return this.#with({ uuid }, async (handle) => {
      const text = await called<string | null>(this.#library.xml, handle, 0)
      if (text === null) throw this.#fault('description')
      return text
    })
  }

  destroy(uuid: string): Promise<void> {
    return this.#act(uuid, this.#library.functions.virDomainDestroy, 'destroy')
  }

  create(uuid: string): Promise<void> {
    return this.#act(uuid, this.#library.functions.virDomainCreate, 'create')
  }

  async createXml(xml: string): Promise<void> {
    const handle = await called<number>(this.#library.functions.virDomainCreateXML, this.#connection, xml, 0)
    if (handle === 0) throw this.#fault('create')
    await called<number>(this.#library.functions.virDomainFree, handle)
  }

  #act(uuid: string, bound: Bound, what: string): Promise<void> {
    return this.#with({ uuid }, async (handle) => {
      if ((await called<number>(bound, handle)) < 0) throw this.#fault(what)
    })
  }

  async #with<T>(
    target: { readonly name: string } | { readonly uuid: string },
    use: (handle: number) => Promise<T>,
  ): Promise<T> {
    const { virDomainLookupByName, virDomainLookupByUUIDString, virDomainFree } = this.#library.functions
    const handle =
      'name' in target
        ? await called<number>(virDomainLookupByName, this.#connection, target.name)
        : await called<number>(virDomainLookupByUUIDString, this.#connection, target.uuid)
    if (handle === 0) throw this.#fault('lookup')
    try {
      return await use(handle)
    } finally {
      await called<number>(virDomainFree, handle)
    }
  }

  async #describe(handle: number): Promise<LibraryDomain> {
    const uuid = new Uint8Array(uuidTextBytes)
    const name = await called<string>(this.#library.functions.virDomainGetName, handle)
    if ((await called<number>(this.#library.functions.virDomainGetUUIDString, handle, uuid)) < 0)
      throw this.#fault('UUID')
    return { name, uuid: Buffer.from(uuid.subarray(0, uuidTextBytes - 1)).toString('latin1') }
  }

  /** Errors are kept by connection as well as by thread; the thread was not ours. */
  #fault(what: string): LibvirtLibraryError {
    const pointer = this.#library.lastError(this.#connection)
    if (pointer === null) return new LibvirtLibraryError(0, `${what}: libvirt tells no reason`)
    const { code, message } = koffi.decode(pointer, 'QuorateVirError') as { code: number; message: string | null }
    return new LibvirtLibraryError(code, message ?? what)
  }
}
