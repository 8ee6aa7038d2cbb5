/** Faults that a test plants, to see the checkers find them. */
export type ClusterSabotage = {
  /** Fencing devices say that they are done and do nothing. */
  readonly powerLies?: boolean
  /** CIB managers acknowledge a change as soon as they are asked for it. */
  readonly answersEarly?: boolean
  /** Disks say that they have written, and have not, every so-manieth time. */
  readonly forgetsWriteEach?: number
  /** Programs are not told of every so-manieth message or change of the process groups. */
  readonly losesEventEach?: number
}
