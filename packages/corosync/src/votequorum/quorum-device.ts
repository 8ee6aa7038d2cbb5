import { csErrorCodes } from '../cs-error.ts'
import type { RingName } from '../ipc/ring-id.ts'
import { nodeFlags } from './votequorum-ring-message.ts'

/** What corosync.conf says of a quorum device (corosync-qdevice(8)). */
export type DeviceConfig = {
  /** Votes that it has to give. */
  readonly votes: number
  /** How long a node counts on it after its last word, ms. */
  readonly timeoutMs: number
  /** How long a new ring waits for its word, ms. */
  readonly syncTimeoutMs: number
}

/** A word of the program that speaks for the device. */
export type DevicePoll = {
  readonly name: string
  /** Not 0: it gives its vote. */
  readonly castsVote: number
  /** The ring that it is about, which need not be one that there can be. */
  readonly rep: number
  readonly seq: bigint
}

/** Times of a device that corosync.conf does not name, ms. */
export const deviceTimes = { timeoutMs: 10_000, syncTimeoutMs: 30_000 } as const

const code = csErrorCodes
const deviceBits =
  nodeFlags.deviceRegistered | nodeFlags.deviceAlive | nodeFlags.deviceCastVote | nodeFlags.deviceMasterWins

/**
 * The quorum device of this node as a program (corosync-qdevice) speaks for it: registered by name, alive as long as it is
 * polled, and with a vote to give or not (votequorum_qdevice_*; answers as watched with corosync 3.1.7). All nodes of a ring
 * have a device of the same name.
 */
export class QuorumDevice {
  /** Votes that the device has by anybody's word. */
  votes: number
  /** What it is called in this ring; empty: no node has one. */
  name = ''
  #flags = 0
  /** The ring that waits for its word. */
  #isAwaited = false

  constructor(config: DeviceConfig | undefined) {
    this.votes = config?.votes ?? 0
  }

  /** Bits of {@link nodeFlags} that tell of it. */
  get flags(): number {
    return this.#flags
  }

  get isRegistered(): boolean {
    return this.#has(nodeFlags.deviceRegistered)
  }

  get isAlive(): boolean {
    return this.#has(nodeFlags.deviceAlive)
  }

  /** Whether a new ring waits for its word. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  /** Votes that it gives this node now. */
  get given(): number {
    return givenBy(this.#flags, this.votes)
  }

  /** Whether its vote alone decides. */
  get isDecisive(): boolean {
    return this.#has(nodeFlags.deviceCastVote) && this.#has(nodeFlags.deviceMasterWins)
  }

  /** A new ring, which waits for its word where it was there in the one before. */
  ring(): void {
    this.#isAwaited = this.isRegistered && this.isAlive
  }

  /** Nobody waits for it any more. */
  settle(): void {
    this.#isAwaited = false
  }

  /** May this name be registered? An error of {@link csErrorCodes}. */
  mayRegister(name: string): number {
    return this.name === '' || this.name === name ? code.CS_OK : code.CS_ERR_EXIST
  }

  /** All nodes have heard that this one has registered it. */
  registered(name: string): void {
    this.name = name
    this.#set(nodeFlags.deviceRegistered, true)
  }

  unregister(name: string): number {
    const refused = this.#refusalOf(name)
    if (refused === code.CS_OK) this.#flags = 0
    return refused
  }

  /** Whether this name may be changed, for all nodes. */
  mayRename(from: string): number {
    return this.#refusalOf(from)
  }

  /** The program says that it is there, and whether it gives its vote to this ring. */
  poll({ name, castsVote, rep, seq }: DevicePoll, ring: RingName): number {
    if (!this.isRegistered) return code.CS_ERR_NOT_EXIST
    if (rep !== ring.rep || seq !== BigInt(ring.seq)) return code.CS_ERR_MESSAGE_ERROR
    const refused = this.#refusalOf(name)
    if (refused !== code.CS_OK) return refused
    this.#set(nodeFlags.deviceAlive, true)
    this.#set(nodeFlags.deviceCastVote, castsVote !== 0)
    return code.CS_OK
  }

  /** Its vote may decide alone, or not. */
  masterWins(name: string, isAllowed: boolean): number {
    const refused = this.#refusalOf(name)
    if (refused === code.CS_OK) this.#set(nodeFlags.deviceMasterWins, isAllowed)
    return refused
  }

  /** It has not been heard of for too long. */
  lose(): void {
    this.#set(nodeFlags.deviceAlive | nodeFlags.deviceCastVote, false)
  }

  #refusalOf(name: string): number {
    if (!this.isRegistered) return code.CS_ERR_NOT_EXIST
    return this.name === name ? code.CS_OK : code.CS_ERR_INVALID_PARAM
  }

  #has(bit: number): boolean {
    return (this.#flags & bit) !== 0
  }

  #set(bits: number, isOn: boolean): void {
    this.#flags = isOn ? this.#flags | bits : this.#flags & ~bits
  }
}

/** Votes that a device of so many gives the node with these flags. */
export function givenBy(flags: number, votes: number): number {
  return (flags & nodeFlags.deviceCastVote) === 0 ? 0 : votes
}

/** A node's flags with those that tell of its device as given. */
export function withDevice(flags: number, device: number): number {
  return (flags & ~deviceBits) | device
}
