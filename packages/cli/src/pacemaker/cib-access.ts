import os from 'node:os'
import path from 'node:path'
import type { CibClient, OpenedCib } from './cib-source.ts'
import { openFileCib } from './file-cib.ts'
import type { ToolHost } from './tool-host.ts'

/** Opens the CIB that the environment names: a shadow, a file, else that of the cluster (behaviour/pacemaker-tools.md 1.3). */
export async function openCib(host: ToolHost, who: CibClient): Promise<OpenedCib> {
  const client = { ...who, user: who.user ?? host.env['CIB_user'] }
  const file = cibFileOf(host.env)
  if (file !== undefined) return openFileCib(file, host, client.user)
  // Loaded only here: binding the libraries of the host takes as long as many a tool by itself.
  const { openLiveCib } = await import('./live-cib.ts')
  return openLiveCib(client)
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
