import type { OfferedAction, OfferedDevice } from '../messages/stonith-message.ts'
import { deviceFlags } from './agent-metadata.ts'
import { type Drive, type Operation, type PeerOffer, stepOf } from './operation.ts'

/** Share by which timers are longer than what they wait for may take. */
export const timerFactor = 1.2
/** Name under which it is remembered that a peer was told to use any device. */
const anyDevice = '*'

/** Who does the next step, and with which device; `wait`: more answers may name a better one. */
export type Choice = { readonly offer: PeerOffer; readonly device: string | undefined } | 'wait' | 'nobody'

/** What a device offers for the step that an operation is at. */
function offerFor(operation: Operation, device: OfferedDevice): OfferedAction {
  const half = operation.drive?.half
  if (half === 'off') return device.off ?? device.own
  if (half === 'on') return device.on ?? device.own
  return device.own
}

/** Name under which a peer remembers that it was told to do the step with a device. */
export function triedKey(operation: Operation, device: string | undefined): string {
  return `${stepOf(operation)} ${device ?? anyDevice}`
}

function usable(operation: Operation, offer: PeerOffer): readonly OfferedDevice[] {
  return [...offer.devices.values()].filter((device) => offerFor(operation, device).isAllowed)
}

/**
 * Chooses who does the next step (behaviour/pacemaker-daemons.md 4.4, 7): with a device that has been seen to work, then,
 * once all have answered, anybody but the target, then the target itself, which cannot switch itself on.
 */
export function choosePeer(operation: Operation, drive: Drive, isTarget: (peer: string) => boolean): Choice {
  const device = drive.levels === undefined ? undefined : drive.devices[0]
  const offers = [...drive.replies.values()]
    .filter((offer) => !offer.tried.has(triedKey(operation, device)))
    .map((offer) => {
      const devices = usable(operation, offer).filter((item) => device === undefined || item.id === device)
      return { offer, count: devices.length, isVerified: devices.some((item) => item.isVerified) }
    })
    .filter((item) => item.count > 0)
    .sort((a, b) => b.count - a.count)
  const others = offers.filter((item) => !isTarget(item.offer.peer))
  const verified = others.find((item) => item.isVerified)
  if (verified !== undefined) return { offer: verified.offer, device }
  if (drive.awaited.size > 0) return 'wait'
  const [other] = others
  if (other !== undefined) return { offer: other.offer, device }
  const [self] = offers
  return self !== undefined && stepOf(operation) !== 'on' ? { offer: self.offer, device } : 'nobody'
}

/** Seconds that a device may take for the step, with what it waits before it, unless the request says that it does not. */
function stepTimeoutS(operation: Operation, device: OfferedDevice): number {
  const { timeoutS, delay } = offerFor(operation, device)
  const waitS = (operation.drive?.delayS ?? 0) < 0 ? 0 : (delay?.maxS ?? 0)
  return (timeoutS ?? operation.baseTimeoutS) + waitS
}

/** Seconds that a peer may take for the step: with one device, or with all that it has, one after the other. */
export function peerTimeoutS(operation: Operation, offer: PeerOffer, device: string | undefined): number {
  let sum = 0
  for (const item of usable(operation, offer)) {
    if (device === undefined || item.id === device) sum += stepTimeoutS(operation, item)
  }
  return sum === 0 ? operation.baseTimeoutS : sum
}

/** Seconds that the whole operation may take, the first peer chosen: with a topology all devices of all levels, each once. */
export function totalTimeoutS(operation: Operation, drive: Drive, chosen: PeerOffer): number {
  if (drive.levels === undefined) return peerTimeoutS(operation, chosen, undefined)
  const offers = [...drive.replies.values()]
  let sum = 0
  for (const id of new Set(drive.levels.flat())) {
    const found = offers.map((offer) => offer.devices.get(id)).find((device) => device !== undefined)
    if (found !== undefined) sum += stepTimeoutS(operation, found)
  }
  return sum === 0 ? operation.baseTimeoutS : sum
}

/** Whether some peer other than the target has each device of each level. */
export function areAllDevicesFound(drive: Drive, isTarget: (peer: string) => boolean): boolean {
  const others = [...drive.replies.values()].filter((offer) => !isTarget(offer.peer))
  return (drive.levels ?? []).flat().every((id) => others.some((offer) => offer.devices.has(id)))
}

/** Devices of a level that are switched on again after a reboot in two halves: not those that need or know no `on`. */
export function devicesToSwitchOn(drive: Drive): readonly string[] {
  const offers = [...drive.replies.values()]
  return (drive.levels?.[drive.level] ?? []).filter((id) =>
    offers.some((offer) => {
      const device = offer.devices.get(id)
      return device !== undefined && (device.flags & deviceFlags.on) !== 0 && !(device.on?.isRequired ?? false)
    }),
  )
}
