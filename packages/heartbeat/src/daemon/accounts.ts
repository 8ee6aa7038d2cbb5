import fs from 'node:fs'

/** A user of this machine. */
export type Account = { readonly uid: number; readonly gid: number }

/** A user by name or number; undefined where there is none of that name. */
export function accountOf(user: string): Account | undefined {
  for (const line of fs.readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if ((name === user || uid === user) && uid !== undefined && gid !== undefined) {
      return { uid: Number(uid), gid: Number(gid) }
    }
  }
  return undefined
}

/** Number of a group by its name or number. */
export function groupOf(group: string): number | undefined {
  for (const line of fs.readFileSync('/etc/group', 'utf8').split('\n')) {
    const [name, , gid] = line.split(':')
    if ((name === group || gid === group) && gid !== undefined) return Number(gid)
  }
  return undefined
}
