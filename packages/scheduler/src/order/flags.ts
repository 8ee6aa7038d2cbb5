/**
 * What an order between two actions implies beyond the order itself. Bits, because edges are made by the hundred
 * thousand and merged by OR.
 */
export const edgeFlag = {
  none: 0,
  /** Order only. */
  optional: 0x1,
  /** Not an input while the first is part of a live migration. */
  notMigratable: 0x2,
  /** Then required: first required. */
  impliesFirst: 0x10,
  /** First required: then required. */
  impliesThen: 0x20,
  /** Then required and its resource promoted: first required. */
  promotedImpliesFirst: 0x40,
  /** The migration form of impliesFirst. */
  impliesFirstMigratable: 0x80,
  /** First not runnable: then not runnable. */
  runnableLeft: 0x100,
  /** First not runnable: then no pseudo action. */
  pseudoLeft: 0x200,
  /** impliesThen on the node of the first. */
  impliesThenOnNode: 0x400,
  /** runnableLeft, unless the resource of the first is active. */
  probe: 0x800,
  restart: 0x1000,
  serialize: 0x4000,
  sameNode: 0x8000,
  impliesFirstPrinted: 0x10000,
  impliesThenPrinted: 0x20000,
  asymmetric: 0x100000,
  load: 0x200000,
  oneOrMore: 0x400000,
  antiColocation: 0x800000,
  /** Kept though it orders something in a container against the container. */
  preserve: 0x1000000,
  /** Then required: first not. */
  thenCancelsFirst: 0x2000000,
} as const
