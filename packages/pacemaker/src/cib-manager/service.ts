import type { XmlElement } from '@quorate/xml'

/** Operations of the CIB manager that clients and peers may name (behaviour/pacemaker-daemons.md 1.3). */
export type CibOperation =
  | 'cib_query'
  | 'cib_create'
  | 'cib_modify'
  | 'cib_delete'
  | 'cib_delete_alt'
  | 'cib_replace'
  | 'cib_apply_diff'
  | 'cib_erase'
  | 'cib_bump'
  | 'cib_upgrade'
  | 'cib_sync'
  | 'cib_sync_one'
  | 'cib_master'
  | 'cib_slave'
  | 'cib_slave_all'
  | 'cib_ismaster'
  | 'noop'
  | 'ping'
  | 'cib_shutdown_req'

/** Bits of `cib_callopt` (protocols/pacemaker-ipc.md 4.1). */
export const callOptions = {
  none: 0,
  verbose: 0x1,
  xpath: 0x2,
  multiple: 0x4,
  canCreate: 0x8,
  discardReply: 0x10,
  noChildren: 0x20,
  xpathAddress: 0x40,
  mixedUpdate: 0x80,
  scopeLocal: 0x100,
  dryRun: 0x200,
  syncCall: 0x1000,
  noMtime: 0x2000,
  zeroCopy: 0x4000,
  inhibitNotify: 0x1_0000,
  quorumOverride: 0x10_0000,
  inhibitBroadcast: 0x100_0000,
  forceDiff: 0x1000_0000,
} as const

/** A request to the CIB manager, from inside the daemon or through a client connection. */
export type CibRequest = {
  readonly op: CibOperation
  /** Section name, or an XPath when `options` has `xpath`. Left out: the whole CIB. */
  readonly section?: string | undefined
  /** Sum of {@link callOptions}. */
  readonly options?: number | undefined
  readonly data?: XmlElement | undefined
  /** Node that has to carry it out; left out: all (changes) or this one (queries). */
  readonly host?: string | undefined
  /** Written to update-client of configuration changes; the daemon's own parts use `crmd` and `attrd`. */
  readonly clientName: string
  /** On whose behalf (ACLs); `hacluster` for the daemon's own parts. */
  readonly user?: string | undefined
}

/** Answer: 0 or a negative code as in behaviour/pacemaker-daemons.md 1.12, and the output, if any. */
export type CibReply = { readonly rc: number; readonly data: XmlElement | undefined }

/** admin_epoch, epoch, num_updates. */
export type CibGeneration = { readonly adminEpoch: number; readonly epoch: number; readonly updates: number }

/** One change of the CIB, applied. Delivered in order; `before` and `after` share what did not change. */
export type CibChange = {
  readonly op: CibOperation
  /** Code of the operation: a refused one can leave a diff too. */
  readonly rc: number
  /** Format 2 patchset `<diff>`. */
  readonly diff: XmlElement
  readonly before: XmlElement
  readonly after: XmlElement
  /** True when the request was a replace or erase: everything may be different (the refresh notification). */
  readonly isReplaced: boolean
  /** For a replace: which parts differ, bits 1 nodes, 2 alerts, 4 status. */
  readonly replacedParts: number
}

/** The CIB manager of this node, as the other parts of the daemon meet it. */
export interface CibManager {
  /** The whole document now. Never changes in place. */
  readonly cib: XmlElement
  readonly generation: CibGeneration
  /** Code that answers every request when the file on disk could not be used at all, else 0 (-203: invalid, -13: access). */
  readonly status: number
  /** Digest (version 2) of the document. */
  digest(): string
  /**
   * Carries out a request. Changes are broadcast and answered when they come back in total order, so that the answer's
   * order against other changes is the same on all nodes. Refusals are codes, not rejections.
   *
   * @throws Error only when the daemon has lost the cluster or stops
   */
  submit(request: CibRequest): Promise<CibReply>
  /** Told after each change, in order, before the answer of `submit` resolves. Answers a way to stop. */
  onChange(listener: (change: CibChange) => void): () => void
  /** The controller's word: this node is the DC (answers upgrades, sends pings, settles divergence), or is not. */
  setPrimary(isPrimary: boolean): void
  readonly isPrimary: boolean
  /** Writes what is due to disk and leaves the group. */
  close(): Promise<void>
}
