import type { Device } from './device.ts'
import type { FencerRoom } from './room.ts'

/** What a device is asked for. */
export type Wanted = { readonly action: string; readonly target: string | undefined; readonly mayFenceSelf: boolean }

/** Whether this node may do an action with a device, wherever the target is looked up. */
export function isAllowedHere(device: Device, room: FencerRoom, wanted: Wanted): boolean {
  const { action, target, mayFenceSelf } = wanted
  if (device.metadata.onTarget.has(action)) return room.isLocal(target)
  return !room.isLocal(target) || mayFenceSelf
}

/** Why a device is out of the question, without asking its agent; undefined where its targets decide. */
export function ruledOut(device: Device, room: FencerRoom, wanted: Wanted): string | undefined {
  if (wanted.action === 'on' && !device.supports('on')) return "Agent does not support 'on'"
  const steps = wanted.action === 'reboot' ? halvesOf(wanted) : [wanted]
  return steps.some((step) => isAllowedHere(device, room, step))
    ? undefined
    : 'This node is not allowed to execute action'
}

/** The two halves of a reboot. No node can switch itself on again. */
export function halvesOf(wanted: Wanted): readonly [Wanted, Wanted] {
  return [
    { ...wanted, action: 'off' },
    { ...wanted, action: 'on', mayFenceSelf: false },
  ]
}

/** The names that the output of `list` has: the first field of each line, in small letters. */
export function listedTargets(output: string): ReadonlySet<string> {
  const names = output.split('\n').map((line) => (line.split(/[,\s]/)[0] as string).trim().toLowerCase())
  return new Set(names.filter((name) => name !== ''))
}

/** Whether a configured list names the target. */
export function isInStaticList(device: Device, target: string): boolean {
  const name = target.toLowerCase()
  return device.settings.hostList.has(name) || device.settings.hostMap.has(name)
}
