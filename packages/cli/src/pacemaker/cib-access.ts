import os from 'node:os'
import path from 'node:path'
import type { CibCall } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'
import { openFileCib } from './file-cib.ts'
import { openLiveCib } from './live-cib.ts'
import type { ToolHost } from './tool-host.ts'

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

/** Opens the CIB that the environment names: a shadow, a file, else that of the cluster (behaviour/pacemaker-tools.md 1.3). */
export function openCib(host: ToolHost, client: CibClient): Promise<OpenedCib> {
  const file = cibFileOf(host.env)
  return file === undefined ? openLiveCib(client) : openFileCib(file, host)
}

/** File that the environment puts in the place of the cluster's CIB, if any. */
export function cibFileOf(env: ToolHost['env']): string | undefined {
  const shadow = env['CIB_shadow']
  if (shadow !== undefined) return shadowFile(env, shadow)
  return env['CIB_file']
}

/** Where the shadow of a name is kept. */
export function shadowFile(env: ToolHost['env'], name: string): string {
  return path.join(shadowFolder(env), `shadow.${name}`)
}

function shadowFolder(env: ToolHost['env']): string {
  const chosen = env['CIB_shadow_dir']
  if (chosen !== undefined) return chosen
  const home = env['HOME']
  if (home?.startsWith('/')) return path.join(home, '.cib')
  return path.join(env['TMPDIR'] ?? os.tmpdir(), env['USER'] ?? os.userInfo().username)
}
