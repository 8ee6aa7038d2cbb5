import type { CibCall } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'

/** Answer to an operation: 0 or a negative code of `cibFaults`. */
export type CibAnswer = { readonly rc: number; readonly output: XmlElement | undefined }

/** A CIB that a tool works on: that of the cluster, or one in a file. */
export interface CibAccess {
  /** True when it is a file: no daemon can be asked for anything else. */
  readonly isFile: boolean
  perform(call: CibCall): Promise<CibAnswer>
  /** Ends the access; of a file: writes it where it changed. Answers 0 or a negative code. */
  close(): Promise<number>
}

/** An access, or the negative code with which it failed. */
export type OpenedCib = { readonly ok: true; readonly cib: CibAccess } | { readonly ok: false; readonly rc: number }

/** Who opens, as it is written into changed configurations. */
export type CibClient = {
  readonly name: string
  readonly user?: string | undefined
  /** Node that has to answer; left out: the local one. */
  readonly node?: string | undefined
  /** How long to wait for an answer; left out: 30 s. */
  readonly timeoutMs?: number | undefined
  /** Only asks: less privilege is needed. */
  readonly isReadOnly?: boolean
}
