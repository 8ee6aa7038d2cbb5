import fs from 'node:fs'
import { daemonUser } from '../daemon-host.ts'

export { daemonUser }

/** Group that Pacemaker's daemons run as, and whose members may administer the cluster. */
export const daemonGroup = 'haclient'

/** Numbers of {@link daemonUser} and {@link daemonGroup} on this machine; undefined where they do not exist. */
export type DaemonIds = { readonly uid: number | undefined; readonly gid: number | undefined }

/** Reads them from the machine's own tables. */
export function daemonIds(): DaemonIds {
  return { uid: idOf('/etc/passwd', daemonUser), gid: idOf('/etc/group', daemonGroup) }
}

/** Name of a user by number, or the number itself where the machine's table does not have it. */
export function userName(uid: number): string {
  for (const fields of rows('/etc/passwd')) if (fields[2] === String(uid)) return fields[0] ?? String(uid)
  return String(uid)
}

/** Whether the user is a member of a group, by its primary group or by the group's list. */
export function isInGroup(uid: number, gid: number, group: number | undefined): boolean {
  if (group === undefined) return false
  if (gid === group) return true
  const name = userName(uid)
  const entry = rows('/etc/group').find((fields) => fields[2] === String(group))
  return entry?.[3]?.split(',').includes(name) ?? false
}

/**
 * Whether a group's list names the user: what ACLs of the CIB go by. The primary group of a user does not count, as with
 * Pacemaker 2.1.5, so that all nodes of a cluster come to the same verdict.
 */
export function isListedIn(user: string, group: string): boolean {
  const entry = rows('/etc/group').find((fields) => fields[0] === group)
  return entry?.[3]?.split(',').includes(user) ?? false
}

function idOf(file: string, name: string): number | undefined {
  const id = Number(rows(file).find((fields) => fields[0] === name)?.[2])
  return Number.isInteger(id) ? id : undefined
}

function rows(file: string): readonly (readonly string[])[] {
  try {
    return fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
  } catch {
    return []
  }
}
