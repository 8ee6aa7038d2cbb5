import type { Host, OperationName } from '../operation.ts'

/** Operations with a single byte as their outcome. */
export type PlainOperation = Exclude<OperationName, 'list'>

/** A request that changes nothing. */
export type Question = { readonly operation: 'monitor' | 'status' | 'list'; readonly target: string }

/** What was looked up before it was asked for counts for so long: about what a machine on the same network takes. */
export const foresightMsMax = 50

/** A daemon that is told to end sees what it has begun through, for so long at most: a reboot takes its time. */
export const drainMsMax = 30_000

/** What carries requests out: a hypervisor, a group of hosts, a cluster. */
export interface Backend {
  readonly kind: string
  /** Connects. Rejects where the backend cannot be had; the daemon then gives up, or tries again with -w. */
  start(): Promise<void>
  /** Disconnects, when what others have it do is done. */
  stop(): Promise<void>
  /**
   * Carries an operation out on a name or UUID.
   *
   * @returns the response byte, at once where nobody has to be asked; rejects only where the backend itself is broken
   * (answered as a failure)
   */
  perform(operation: PlainOperation, target: string, request?: object): number | Promise<number>
  /**
   * Somebody who has yet to prove himself is about to ask this: what it takes to look up may be begun. Nothing may be
   * changed, and what is found counts for {@link foresightMsMax} only, and for that request only, which is known by the
   * identity of `request` when it is carried out.
   */
  foresee?(request: object, operation: OperationName, target: string): void
  /** Questions that may be asked for the sake of having asked them: they change nothing, and cost whom they are put to little. */
  practice?(): Promise<readonly Question[]>
  /** All machines; undefined where this backend cannot list. */
  hosts(request?: object): Promise<readonly Host[] | undefined>
  /** Its state for `fence_virtd --status`: texts by name. */
  describe(): Readonly<Record<string, string>>
}
