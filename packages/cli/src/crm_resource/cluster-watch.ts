import { exitCodeOf, exitCodes, exitCodeText, faultText, usableCib } from '@quorate/cib'
import { CibClient, CibFollower } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import type { XmlElement } from '@quorate/xml'
import { Failure } from './work.ts'

/** Longest time between two looks at a cluster that says nothing, in milliseconds: failures expire, rules begin. */
const lookMs = 5000

/** Why a wait ended. */
export type WatchEnd = 'met' | 'late' | 'interrupted'

/** The cluster's CIB as it changes. */
export class ClusterWatch {
  readonly #client: CibClient
  readonly #follower: CibFollower
  readonly #lost: () => boolean
  #wake: () => void = () => undefined

  private constructor(
    client: CibClient,
    follower: CibFollower,
    lost: () => boolean,
    onWake: (wake: () => void) => void,
  ) {
    this.#client = client
    this.#follower = follower
    this.#lost = lost
    onWake(() => this.#wake())
  }

  /** Begins to follow. @throws Failure where the cluster cannot be reached */
  static async open(): Promise<ClusterWatch> {
    let wake: () => void = () => undefined
    let isLost = false
    try {
      const onClose = () => {
        isLost = true
        wake()
      }
      const client = await CibClient.connect({ name: 'crm_resource', access: 'ro', onClose })
      const follower = await CibFollower.start(client, () => wake())
      return new ClusterWatch(
        client,
        follower,
        () => isLost,
        (to) => {
          wake = to
        },
      )
    } catch (fault) {
      if (fault instanceof IpcError) throw unreachable()
      throw fault
    }
  }

  /** The CIB as it is now, in a schema that the scheduler understands. @throws Failure where it cannot be brought to one */
  get cib(): XmlElement {
    const usable = usableCib(this.#follower.cib)
    if (usable.ok) return usable.cib
    throw new Failure(exitCodes.config, [`crm_resource: ${usable.reason}`])
  }

  /**
   * Waits until something holds of the CIB.
   *
   * @param holds asked at once, after changes, and now and then
   * @param endsAtMs asked for again after each look: when to give up, by {@link performance.now}
   * @throws Failure where the cluster goes away
   */
  async until(
    holds: (cib: XmlElement) => boolean,
    endsAtMs: () => number,
    interrupted: AbortSignal,
  ): Promise<WatchEnd> {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      if (this.#lost()) throw unreachable()
      if (holds(this.cib)) return 'met'
      if (interrupted.aborted) return 'interrupted'
      const leftMs = endsAtMs() - performance.now()
      if (leftMs <= 0) return 'late'
      await soonest(changed, Math.min(leftMs, lookMs), interrupted)
    }
  }

  close(): void {
    this.#client.close()
  }
}

/** Resolves with a promise, after a time, or when it is interrupted, whichever comes first. */
function soonest(promise: Promise<void>, ms: number, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      interrupted.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    interrupted.addEventListener('abort', done)
    promise.then(done)
  })
}

const notConnected = -107

function unreachable(): Failure {
  return new Failure(exitCodeOf(notConnected), [
    `crm_resource: Could not connect to the CIB: ${faultText(notConnected)}`,
    `Error performing operation: ${exitCodeText(exitCodeOf(notConnected))}`,
  ])
}
