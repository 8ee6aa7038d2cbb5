import type { XmlElement } from '@quorate/xml'

/** Bits of `cib_callopt` (protocols/pacemaker-ipc.md 4.1). */
export const cibCallOptions = {
  xpath: 0x2,
  multiple: 0x4,
  canCreate: 0x8,
  noChildren: 0x20,
  xpathAddress: 0x40,
  mixedUpdate: 0x80,
  scopeLocal: 0x100,
  dryRun: 0x200,
  noMtime: 0x2000,
  inhibitBroadcast: 0x100_0000,
} as const

/** Operations that change a CIB or ask it something. The rest of the CIB manager's vocabulary is about its daemons. */
export type CibOperationName =
  | 'cib_query'
  | 'cib_create'
  | 'cib_modify'
  | 'cib_delete'
  | 'cib_replace'
  | 'cib_apply_diff'
  | 'cib_erase'
  | 'cib_bump'
  | 'cib_upgrade'

/** Who changed the configuration, for the attributes of `<cib>` that say so. */
export type ChangeStamp = {
  /** Local time as `Www Mmm DD HH:MM:SS YYYY`. */
  readonly lastWritten: string
  readonly origin: string | undefined
  readonly client: string | undefined
  readonly user: string | undefined
}

/** One operation on a CIB. */
export type CibCall = {
  readonly op: CibOperationName
  /** Name of a section, or an XPath when `options` has that bit. Left out: the whole CIB. */
  readonly section?: string | undefined
  /** Sum of {@link cibCallOptions}; bits that mean nothing here are ignored. */
  readonly options?: number | undefined
  readonly data?: XmlElement | undefined
  /** Digest (version 2) that the data of a replace must have: present on syncs. */
  readonly digest?: string | undefined
  /** True for `cib_update="true"`: the counters stay as the data has them. */
  readonly isSync?: boolean | undefined
  /** Upper end of an upgrade; left out: the newest schema. */
  readonly schemaMax?: string | undefined
  /** Written after changes of the configuration; left out (files): nothing is. */
  readonly stamp?: ChangeStamp | undefined
}

/** What a call did. */
export type CibOutcome = {
  /** 0, or one of `cibFaults`. */
  readonly rc: number
  /** The CIB now: the same object when nothing changed, the call failed, or it was a dry run. */
  readonly cib: XmlElement
  /** Result of a query, `<failed>` of a create, or the CIB that does not validate. */
  readonly output: XmlElement | undefined
  /** Patchset (format 2, without digest) from the old CIB to the new one, also of dry runs and refused results. */
  readonly diff: XmlElement | undefined
  /** Whether anything below `configuration` changed. */
  readonly isConfigChanged: boolean
}
