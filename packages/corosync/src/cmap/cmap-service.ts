import { DecodeError, type MonoMs, type NodeId } from '@quorate/base'
import type { CmapKey } from '../conf/cmap-keys.ts'
import { csErrorCodes } from '../cs-error.ts'
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
import { responseOf, tailOf } from '../ipc/message-header.ts'
import { readMarName, writeMarName } from '../ipc/wire-name.ts'
import { type ConnectionId, type Service, type ServiceEffect, type ServiceEvent, serviceIds } from '../service.ts'
import { decodeMcast, encodeMcast, type McastItem } from './cmap-ring-message.ts'
import { CmapStore, type SetOutcome } from './cmap-store.ts'
import {
  cmapKeyCharsMax,
  cmapTypes,
  cmapU64,
  cmapValueBytesMax,
  cmapWidth,
  decodeCmapValue,
  encodeCmapValue,
  isCmapKey,
  type RawValue,
} from './cmap-value.ts'
import { isReadOnlyKey } from './read-only-keys.ts'

/** Most iterations and trackers that all clients together may have open. */
export const cmapHandlesMax = 4096

const versionKey = 'totem.config_version'
const code = csErrorCodes

type Iteration = {
  readonly connection: ConnectionId
  readonly store: CmapStore
  readonly prefix: string
  last: string | undefined
}
type Tracker = {
  readonly connection: ConnectionId
  readonly key: string
  readonly flags: number
  readonly cookie: bigint
}

/**
 * The configuration map as a service (protocols/corosync.md 9.1, 6.1): clients read, walk, change and watch it; at each
 * sync the nodes compare `totem.config_version`, and one that comes to a cluster with another version stops.
 */
export class CmapService implements Service {
  readonly id = serviceIds.cmap
  readonly store = new CmapStore()
  readonly #iterations = new Map<bigint, Iteration>()
  readonly #trackers = new Map<bigint, Tracker>()
  /** Clients that turned to the map of statistics. */
  readonly #readers = new Set<ConnectionId>()
  readonly #statistics: () => readonly CmapKey[]
  #nextHandle = 1n
  #out: ServiceEffect[] = []
  /** Members that came with us, while a sync runs; the check is made on the first sync with others only. */
  #isFirstSync = true
  #members: readonly NodeId[] = []
  #versionHighest = 0n

  /** `statistics`: what the second map holds at the moment; nobody can write to it. */
  constructor(statistics: () => readonly CmapKey[]) {
    this.#statistics = statistics
  }

  /** Sets or deletes (undefined) a key on the node's own account; the effects tell the trackers. */
  publish(key: string, value: RawValue | undefined): readonly ServiceEffect[] {
    this.#out = []
    if (value === undefined) this.#remove(key)
    else this.#put(key, value)
    return this.#out
  }

  step(event: ServiceEvent, _now: MonoMs): readonly ServiceEffect[] {
    this.#out = []
    switch (event.kind) {
      case 'request':
        this.#request(event.connection, event.id, event.bytes)
        break
      case 'closed':
        this.#readers.delete(event.connection)
        for (const [handle, item] of this.#iterations) {
          if (item.connection === event.connection) this.#iterations.delete(handle)
        }
        for (const [handle, item] of this.#trackers) {
          if (item.connection === event.connection) this.#trackers.delete(handle)
        }
        break
      case 'message':
        this.#message(event.from, event.fn, event.bytes)
        break
      case 'sync-init':
        this.#members = event.change.members
        this.#versionHighest = 0n
        break
      case 'sync-process':
        this.#out.push({
          kind: 'multicast',
          bytes: encodeMcast(0, [{ key: versionKey, value: this.store.get(versionKey) }]),
        })
        break
      case 'sync-activate':
        this.#activate()
        break
      case 'opened':
      case 'sync-abort':
      case 'timer':
      case 'cmap':
        break
    }
    return this.#out
  }

  #message(from: NodeId, fn: number, bytes: Uint8Array): void {
    if (fn !== 0) {
      this.#out.push({ kind: 'log', level: 'warning', subsystem: 'CMAP', text: `unknown function ${fn} from ${from}` })
      return
    }
    for (const item of decodeMcast(bytes)) {
      if (item.key !== versionKey) continue
      const version = versionOf(item)
      if (version > this.#versionHighest) this.#versionHighest = version
      this.#put(`runtime.members.${from}.config_version`, cmapU64(version))
    }
  }

  #activate(): void {
    if (this.#members.length < 2 || !this.#isFirstSync) return
    this.#isFirstSync = false
    const own = versionOf({ key: versionKey, value: this.store.get(versionKey) })
    if (own === 0n || own === this.#versionHighest) return
    const text = `Received config version (${this.#versionHighest}) is different than my config version (${own})! Exiting`
    this.#out.push({ kind: 'log', level: 'error', subsystem: 'CMAP', text })
    this.#out.push({ kind: 'stop', exitCode: exitOfOtherVersion, reason: text })
  }

  #request(connection: ConnectionId, id: number, bytes: Uint8Array): void {
    const answer = this.#answer(connection, id, bytes)
    this.#out.push({ kind: 'respond', connection, bytes: answer })
  }

  #answer(connection: ConnectionId, id: number, bytes: Uint8Array): Uint8Array {
    if (this.#readers.has(connection) && writingCalls.has(id)) return responseOf(id, code.CS_ERR_ACCESS)
    switch (id) {
      case cmapCalls.set:
        return responseOf(id, this.#set(bytes))
      case cmapCalls.delete:
        return responseOf(id, this.#delete(readMarName(bytes, cmapKeyAt)))
      case cmapCalls.get:
        return this.#get(this.#storeOf(connection), readMarName(bytes, cmapKeyAt), cmapGet.decode(bytes).roomBytes)
      case cmapCalls.adjustInt:
        return responseOf(id, this.#adjust(readMarName(bytes, cmapKeyAt), cmapAdjustInt.decode(bytes).step))
      case cmapCalls.iterInit:
        return this.#iterInit(connection, readMarName(bytes, cmapKeyAt))
      case cmapCalls.iterNext:
        return this.#iterNext(connection, cmapHandle.decode(bytes).handle)
      case cmapCalls.iterFinalize:
        return responseOf(id, this.#iterFinalize(connection, cmapHandle.decode(bytes).handle))
      case cmapCalls.trackAdd:
        return this.#trackAdd(connection, bytes)
      case cmapCalls.trackDelete:
        return this.#trackDelete(connection, cmapHandle.decode(bytes).handle)
      case cmapCalls.setCurrentMap:
        return responseOf(cmapResponses.setCurrentMap, this.#turnTo(connection, cmapSetCurrentMap.decode(bytes).map))
      default:
        return responseOf(0, code.CS_ERR_INVALID_PARAM)
    }
  }

  #turnTo(connection: ConnectionId, map: number): number {
    if (map !== cmapMaps.default && map !== cmapMaps.statistics) return code.CS_ERR_NOT_EXIST
    if (map === cmapMaps.statistics) this.#readers.add(connection)
    else this.#readers.delete(connection)
    return code.CS_OK
  }

  /** The map that the client has turned to; statistics as they are now. */
  #storeOf(connection: ConnectionId): CmapStore {
    if (!this.#readers.has(connection)) return this.store
    const store = new CmapStore()
    for (const [key, value] of this.#statistics()) store.set(key, value)
    return store
  }

  #set(bytes: Uint8Array): number {
    const key = readMarName(bytes, cmapKeyAt)
    if (isReadOnlyKey(key)) return code.CS_ERR_ACCESS
    const head = cmapSet.decode(bytes)
    if (head.valueBytes > BigInt(cmapValueBytesMax)) return code.CS_ERR_TOO_BIG
    const given = tailOf(bytes, cmapSet.size, Number(head.valueBytes), cmapValueBytesMax)
    const width = cmapWidth(head.type)
    if (width === undefined && head.type !== cmapTypes.string && head.type !== cmapTypes.binary) {
      return code.CS_ERR_INVALID_PARAM
    }
    if (width !== undefined && width !== given.byteLength) return code.CS_ERR_INVALID_PARAM
    const isOpen = head.type === cmapTypes.string && given[given.byteLength - 1] !== 0
    const held = new Uint8Array(given.byteLength + (isOpen ? 1 : 0))
    held.set(given)
    return errorOf(this.#put(key, { type: head.type, bytes: held }))
  }

  #put(key: string, value: RawValue): SetOutcome {
    const old = this.store.get(key)
    const outcome = this.store.set(key, value)
    if (outcome === 'added') this.#notify(key, cmapTrackFlags.add, value, undefined)
    if (outcome === 'modified' || outcome === 'unchanged') this.#notify(key, cmapTrackFlags.modify, value, old)
    return outcome
  }

  #delete(key: string): number {
    if (isReadOnlyKey(key)) return code.CS_ERR_ACCESS
    return this.#remove(key) ? code.CS_OK : code.CS_ERR_NOT_EXIST
  }

  #remove(key: string): boolean {
    const old = this.store.delete(key)
    if (old === undefined) return false
    this.#notify(key, cmapTrackFlags.delete, undefined, old)
    return true
  }

  #get(store: CmapStore, key: string, roomBytes: bigint): Uint8Array {
    const value = store.get(key)
    if (value === undefined) return responseOf(cmapCalls.get, code.CS_ERR_NOT_EXIST, cmapGetResponse.size)
    const wanted = roomBytes > 0n
    if (wanted && roomBytes < BigInt(value.bytes.byteLength)) {
      return responseOf(cmapCalls.get, code.CS_ERR_INVALID_PARAM, cmapGetResponse.size)
    }
    const size = cmapGetResponse.size + (wanted ? value.bytes.byteLength : 0)
    const answer = responseOf(cmapCalls.get, code.CS_OK, size)
    cmapGetResponse.encode(answer, { valueBytes: BigInt(value.bytes.byteLength), type: value.type })
    if (wanted) answer.set(value.bytes, cmapGetResponse.size)
    return answer
  }

  #adjust(key: string, step: number): number {
    if (isReadOnlyKey(key)) return code.CS_ERR_ACCESS
    const raw = this.store.get(key)
    if (raw === undefined) return code.CS_ERR_NOT_EXIST
    const typed = decodeCmapValue(raw)
    if (raw.type > cmapTypes.u64 || typed.type === 'string' || typed.type === 'binary') {
      return code.CS_ERR_INVALID_PARAM
    }
    const value = typeof typed.value === 'bigint' ? typed.value + BigInt(step) : typed.value + step
    this.#put(key, encodeCmapValue({ type: typed.type, value }))
    return code.CS_OK
  }

  #iterInit(connection: ConnectionId, prefix: string): Uint8Array {
    if (this.#iterations.size + this.#trackers.size >= cmapHandlesMax) {
      return responseOf(cmapCalls.iterInit, code.CS_ERR_NO_RESOURCES, cmapHandleResponse.size)
    }
    const handle = this.#handle()
    this.#iterations.set(handle, { connection, store: this.#storeOf(connection), prefix, last: undefined })
    return handleResponse(cmapCalls.iterInit, handle)
  }

  #iterNext(connection: ConnectionId, handle: bigint): Uint8Array {
    const walk = this.#iterations.get(handle)
    if (walk === undefined || walk.connection !== connection) {
      return responseOf(cmapCalls.iterNext, code.CS_ERR_BAD_HANDLE, cmapIterResponse.size)
    }
    const key = walk.store.next(walk.prefix, walk.last)
    const value = key === undefined ? undefined : walk.store.get(key)
    if (key === undefined || value === undefined) {
      return responseOf(cmapCalls.iterNext, code.CS_ERR_NO_SECTIONS, cmapIterResponse.size)
    }
    walk.last = key
    const answer = responseOf(cmapCalls.iterNext, code.CS_OK, cmapIterResponse.size)
    writeMarName(answer, cmapIterKeyAt, key)
    cmapIterResponse.encode(answer, { valueBytes: BigInt(value.bytes.byteLength), type: value.type })
    return answer
  }

  #iterFinalize(connection: ConnectionId, handle: bigint): number {
    if (this.#iterations.get(handle)?.connection !== connection) return code.CS_ERR_BAD_HANDLE
    this.#iterations.delete(handle)
    return code.CS_OK
  }

  #trackAdd(connection: ConnectionId, bytes: Uint8Array): Uint8Array {
    const key = readMarName(bytes, cmapKeyAt)
    const { flags, cookie } = cmapTrackAdd.decode(bytes)
    const isPrefix = (flags & cmapTrackFlags.prefix) !== 0
    const wanted = flags & ~cmapTrackFlags.prefix
    const refusal = (): number | undefined => {
      if (wanted < 1 || wanted > 7) return code.CS_ERR_INVALID_PARAM
      if (isPrefix ? key.length > cmapKeyCharsMax : !isCmapKey(key)) return code.CS_ERR_NAME_TOO_LONG
      if (this.#iterations.size + this.#trackers.size >= cmapHandlesMax) return code.CS_ERR_NO_RESOURCES
      return undefined
    }
    const refused = refusal()
    if (refused !== undefined) return responseOf(cmapCalls.trackAdd, refused, cmapHandleResponse.size)
    const handle = this.#handle()
    this.#trackers.set(handle, { connection, key, flags, cookie })
    return handleResponse(cmapCalls.trackAdd, handle)
  }

  #trackDelete(connection: ConnectionId, handle: bigint): Uint8Array {
    const tracker = this.#trackers.get(handle)
    if (tracker === undefined || tracker.connection !== connection) {
      return responseOf(cmapCalls.trackDelete, code.CS_ERR_BAD_HANDLE, cmapHandleResponse.size)
    }
    this.#trackers.delete(handle)
    return handleResponse(cmapCalls.trackDelete, tracker.cookie)
  }

  #notify(key: string, event: number, value: RawValue | undefined, old: RawValue | undefined): void {
    for (const tracker of this.#trackers.values()) {
      if ((tracker.flags & event) === 0) continue
      const isPrefix = (tracker.flags & cmapTrackFlags.prefix) !== 0
      if (isPrefix ? !key.startsWith(tracker.key) : key !== tracker.key) continue
      const bytes = notification(tracker.cookie, key, event, value, old)
      this.#out.push({ kind: 'event', connection: tracker.connection, bytes })
    }
  }

  #handle(): bigint {
    const handle = this.#nextHandle
    this.#nextHandle += 1n
    return handle
  }
}

/** Maps that a client may turn to. */
const cmapMaps = { default: 0, statistics: 1 } as const
/** Calls that the map of statistics does not have. */
const writingCalls: ReadonlySet<number> = new Set([
  cmapCalls.set,
  cmapCalls.delete,
  cmapCalls.adjustInt,
  cmapCalls.trackAdd,
])

/** Exit code of a node whose configuration is older or newer than the cluster's. */
const exitOfOtherVersion = 1

function handleResponse(id: number, handle: bigint): Uint8Array {
  const answer = responseOf(id, code.CS_OK, cmapHandleResponse.size)
  cmapHandleResponse.encode(answer, { handle })
  return answer
}

function notification(
  cookie: bigint,
  key: string,
  event: number,
  value: RawValue | undefined,
  old: RawValue | undefined,
): Uint8Array {
  const newBytes = value?.bytes.byteLength ?? 0
  const oldBytes = old?.bytes.byteLength ?? 0
  const bytes = responseOf(cmapResponses.notify, code.CS_OK, cmapNotify.size + newBytes + oldBytes)
  writeMarName(bytes, cmapNotifyKeyAt, key)
  cmapNotify.encode(bytes, {
    cookie,
    event,
    newType: value?.type ?? 0,
    oldType: old?.type ?? 0,
    newBytes: BigInt(newBytes),
    oldBytes: BigInt(oldBytes),
  })
  if (value !== undefined) bytes.set(value.bytes, cmapNotify.size)
  if (old !== undefined) bytes.set(old.bytes, cmapNotify.size + newBytes)
  return bytes
}

function errorOf(outcome: SetOutcome): number {
  switch (outcome) {
    case 'added':
    case 'modified':
    case 'unchanged':
      return code.CS_OK
    case 'bad-key':
      return code.CS_ERR_NAME_TOO_LONG
    case 'too-big':
      return code.CS_ERR_TOO_BIG
    case 'full':
      return code.CS_ERR_NO_RESOURCES
  }
}

/** The version that an item announces; 0 where the key does not exist. */
function versionOf(item: McastItem): bigint {
  if (item.value === undefined) return 0n
  const typed = decodeCmapValue(item.value)
  if (typed.type !== 'u64' || typeof typed.value !== 'bigint') {
    throw new DecodeError('value', 0, `${versionKey} is no u64`)
  }
  return typed.value
}
