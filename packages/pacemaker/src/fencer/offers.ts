import type { XmlElement } from '@quorate/xml'
import { type OfferedAction, offeredDevice, offeredDevices } from '../messages/stonith-message.ts'
import type { Device } from './device.ts'
import { actionTimeoutMs, fencingDelayMs } from './device-settings.ts'
import { halvesOf, isAllowedHere, type Wanted } from './eligibility.ts'
import type { FencerRoom } from './room.ts'

/** The answer to a query: the devices that fit, with what each of them may do from here and how long that may take. */
export function offersOf(
  devices: readonly Device[],
  room: FencerRoom,
  wanted: Wanted,
  hasParameters: boolean,
): XmlElement {
  const list = devices.map((device) => {
    const isReboot = wanted.action === 'reboot' && wanted.target !== undefined
    const [off, on] = halvesOf(wanted)
    const offer = (step: Wanted): OfferedAction => offerOf(device, room, step)
    const described = {
      id: device.id,
      agent: device.agent,
      namespace: device.namespace === '' ? 'stonith-ng' : device.namespace,
      isVerified: device.isVerified,
      flags: device.metadata.flags,
      own: offer(wanted),
      off: isReboot ? offer(off) : undefined,
      on: isReboot ? offer(on) : undefined,
    }
    return offeredDevice(described, hasParameters ? device.parameters : undefined)
  })
  return offeredDevices(wanted.target, list)
}

function offerOf(device: Device, room: FencerRoom, step: Wanted): OfferedAction {
  const ms = actionTimeoutMs(device.parameters, step.action)
  const isAllowed = step.target === undefined || isAllowedHere(device, room, step)
  const timeoutS = ms === undefined ? undefined : Math.max(1, Math.trunc(ms / 1000))
  return { isAllowed, isRequired: step.action === 'on' && device.unfences, timeoutS, delay: delayOf(device, step) }
}

/**
 * What a device waits before it switches off. A real fencer divides these seconds by a thousand before it tells them, and
 * so it and its peers do not wait long enough for devices that wait themselves; whoever reads true ones does.
 */
function delayOf(device: Device, { action, target }: Wanted): OfferedAction['delay'] {
  if (action === 'on') return undefined
  const [least, most] = [0, 1].map((chance) => fencingDelayMs(device.settings, target, chance)) as [number, number]
  return most === 0 ? undefined : { maxS: Math.ceil(most / 1000), baseS: Math.trunc(least / 1000) }
}
