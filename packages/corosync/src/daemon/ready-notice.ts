import { notifyService } from '@quorate/qb'

/** Tells systemd that the daemon serves, where systemd started it. */
export function sayReady(trouble: (text: string) => void): void {
  const why = notifyService('READY=1')
  if (why !== undefined) trouble(`Could not tell that the ring is up: ${why}`)
}
