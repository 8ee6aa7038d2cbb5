import { cmapValueBytesMax, decodeCmapValue, encodeCmapValue, isCmapKey, type TypedValue } from '../cmap/cmap-value.ts'
import { CsError } from '../cs-error.ts'
import type { CmapAdminClient } from '../door/admin-clients.ts'
import type { CmapValue } from '../door/ring-clients.ts'
import type { ServiceCalls } from '../door/service-calls.ts'
import {
  cmapAdjustInt,
  cmapCalls,
  cmapGet,
  cmapGetResponse,
  cmapHandle,
  cmapHandleResponse,
  cmapIterKeyAt,
  cmapIterResponse,
  cmapKeyAt,
  cmapNotify,
  cmapNotifyKeyAt,
  cmapResponses,
  cmapSet,
  cmapSetCurrentMap,
  cmapTrackAdd,
  cmapTrackFlags,
} from '../ipc/cmap-messages.ts'
import { requestOf, tailOf } from '../ipc/message-header.ts'
import { readMarName, writeMarName } from '../ipc/wire-name.ts'
import { openService, type ServiceConnectionOptions } from './service-connection.ts'

/** Keys that an iteration may give; more is a service gone wrong. */
const keysMax = 1_000_000
/** Bytes of a request that carries a key alone. */
const keyRequestBytes = 280
/** Number of the map with statistics (protocols/corosync.md 9.1). */
const statsMap = 1

type Tracker = (key: string, value: CmapValue | undefined) => void

/** Client of the `cmap` service. */
export class IpcCmapClient implements CmapAdminClient {
  readonly #connection: ServiceCalls
  readonly #trackers: Map<bigint, Tracker>
  #nextCookie = 1n

  private constructor(connection: ServiceCalls, trackers: Map<bigint, Tracker>) {
    this.#connection = connection
    this.#trackers = trackers
  }

  /** `map`: the configuration and state of the ring, or its statistics. */
  static async open(
    map: 'default' | 'stats',
    options: Pick<ServiceConnectionOptions, 'tryAgainForMs' | 'onClose'>,
  ): Promise<IpcCmapClient> {
    const trackers = new Map<bigint, Tracker>()
    const connection = await openService('cmap', {
      ...options,
      onEvent: (id, message) => {
        if (id === cmapResponses.notify) onNotify(trackers, message)
      },
    })
    if (map === 'stats') {
      const request = requestOf(cmapCalls.setCurrentMap, cmapSetCurrentMap.size)
      cmapSetCurrentMap.encode(request, { map: statsMap })
      await connection.call('set current map', request).catch((error: unknown) => {
        connection.close()
        throw error
      })
    }
    return new IpcCmapClient(connection, trackers)
  }

  async get(key: string): Promise<CmapValue | undefined> {
    const request = keyRequest(cmapCalls.get, key, cmapGet.size)
    cmapGet.encode(request, { roomBytes: BigInt(cmapValueBytesMax) })
    try {
      const response = await this.#connection.call(`get ${key}`, request, cmapGetResponse.size)
      const { type, valueBytes } = cmapGetResponse.decode(response)
      return decoded(type, tailOf(response, cmapGetResponse.size, Number(valueBytes), cmapValueBytesMax))
    } catch (error) {
      if (error instanceof CsError && error.code === 'CS_ERR_NOT_EXIST') return undefined
      throw error
    }
  }

  async set(key: string, value: CmapValue): Promise<void> {
    const raw = encodeCmapValue(value)
    // The service closes a text with a NUL of its own.
    const bytes = value.type === 'string' ? raw.bytes.subarray(0, -1) : raw.bytes
    const request = keyRequest(cmapCalls.set, key, cmapSet.size + bytes.byteLength)
    cmapSet.encode(request, { valueBytes: BigInt(bytes.byteLength), type: raw.type })
    request.set(bytes, cmapSet.size)
    await this.#connection.call(`set ${key}`, request)
  }

  async delete(key: string): Promise<void> {
    await this.#connection.call(`delete ${key}`, keyRequest(cmapCalls.delete, key, keyRequestBytes))
  }

  async adjust(key: string, step: number): Promise<void> {
    const request = keyRequest(cmapCalls.adjustInt, key, cmapAdjustInt.size)
    cmapAdjustInt.encode(request, { step })
    await this.#connection.call(`adjust ${key}`, request)
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const init = requestOf(cmapCalls.iterInit, keyRequestBytes)
    writeMarName(init, cmapKeyAt, prefix)
    const opened = await this.#connection.call('iterate', init, cmapHandleResponse.size)
    const { handle } = cmapHandleResponse.decode(opened)
    const next = requestOf(cmapCalls.iterNext, cmapHandle.size)
    cmapHandle.encode(next, { handle })
    const keys: string[] = []
    while (keys.length < keysMax) {
      const key = await this.#nextKey(next)
      if (key === undefined) break
      keys.push(key)
    }
    const end = requestOf(cmapCalls.iterFinalize, cmapHandle.size)
    cmapHandle.encode(end, { handle })
    await this.#connection.call('end iteration', end)
    return keys
  }

  async #nextKey(request: Uint8Array): Promise<string | undefined> {
    try {
      const response = await this.#connection.call('next key', request, cmapIterResponse.size)
      return readMarName(response, cmapIterKeyAt)
    } catch (error) {
      if (error instanceof CsError && error.code === 'CS_ERR_NO_SECTIONS') return undefined
      throw error
    }
  }

  async track(key: string, options: { readonly prefix: boolean }, changed: Tracker): Promise<() => Promise<void>> {
    const cookie = this.#nextCookie
    this.#nextCookie += 1n
    const { add, delete: removed, modify, prefix } = cmapTrackFlags
    const request = requestOf(cmapCalls.trackAdd, cmapTrackAdd.size)
    writeMarName(request, cmapKeyAt, key)
    cmapTrackAdd.encode(request, { flags: add | removed | modify | (options.prefix ? prefix : 0), cookie })
    this.#trackers.set(cookie, changed)
    const response = await this.#connection.call(`track ${key}`, request, cmapHandleResponse.size)
    const { handle } = cmapHandleResponse.decode(response)
    return async () => {
      this.#trackers.delete(cookie)
      const stop = requestOf(cmapCalls.trackDelete, cmapHandle.size)
      cmapHandle.encode(stop, { handle })
      await this.#connection.call('stop tracking', stop, cmapHandleResponse.size)
    }
  }

  close(): void {
    this.#connection.close()
  }
}

function keyRequest(call: number, key: string, size: number): Uint8Array {
  if (!isCmapKey(key)) throw new CsError('CS_ERR_INVALID_PARAM', `cmap: '${key}' is no key`)
  const request = requestOf(call, size)
  writeMarName(request, cmapKeyAt, key)
  return request
}

function decoded(type: number, bytes: Uint8Array): TypedValue {
  return decodeCmapValue({ type, bytes })
}

function onNotify(trackers: ReadonlyMap<bigint, Tracker>, message: Uint8Array): void {
  const { cookie, event, newType, newBytes } = cmapNotify.decode(message)
  const key = readMarName(message, cmapNotifyKeyAt)
  const isGone = event === cmapTrackFlags.delete
  const bytes = isGone ? undefined : tailOf(message, cmapNotify.size, Number(newBytes), cmapValueBytesMax)
  trackers.get(cookie)?.(key, bytes === undefined ? undefined : decoded(newType, bytes))
}
