import { statusError } from '../model/log.ts'
import type { Cluster } from '../model/model.ts'
import { parseRole, type Role, role } from '../model/role.ts'

/** Reads a role of the configuration, and says where it is none; what that means is for who asks. */
export function readRole(cluster: Cluster, text: string | undefined): Role {
  const read = parseRole(text)
  const isKnown = read !== role.unknown || text === undefined || text.toLowerCase() === 'unknown'
  if (!isKnown) statusError(cluster, 'text2role', `Unknown role: ${text}`)
  return read
}
