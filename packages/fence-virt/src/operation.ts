/** What a guest may ask, by the name that users type (fence_xvm(8), -o). */
export type OperationName = 'null' | 'off' | 'on' | 'reboot' | 'status' | 'monitor' | 'list'

/** Numbers of the operations on the wire (protocols/fence-virt.md 1). */
export const operationCodes = {
  null: 0,
  off: 1,
  reboot: 2,
  on: 3,
  status: 4,
  monitor: 5,
  list: 6,
} as const satisfies Record<OperationName, number>

const names: ReadonlyMap<number, OperationName> = new Map(
  Object.entries(operationCodes).map(([name, code]) => [code, name as OperationName]),
)

/** The operation that a byte of the wire stands for; undefined where there is none. */
export function operationOfCode(code: number): OperationName | undefined {
  return names.get(code)
}

/** Bytes with which a daemon answers. Other values than these are shown to the user as "Unknown response (n)". */
export const responses = {
  success: 0,
  fail: 1,
  off: 2,
  denied: 3,
  /** Records of virtual machines follow, then a zero record, then one of the bytes above. */
  hostList: 253,
} as const

/** One virtual machine as a backend reports it and the wire carries it. */
export type Host = {
  readonly name: string
  readonly uuid: string
  /** State as libvirt numbers it (virDomainState): 1 running, 3 paused, 5 shut off. */
  readonly state: number
}

/** virDomainState values that fencing cares about. */
export const hostStates = { running: 1, paused: 3, shutoff: 5 } as const

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** True for the 36-character text of a UUID. Daemons tell names and UUIDs apart by this, not by a flag. */
export function isUuid(text: string): boolean {
  return uuidShape.test(text)
}
