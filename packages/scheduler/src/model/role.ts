/** What a resource instance does on a node, in rising order. */
export const role = { unknown: 0, stopped: 1, started: 2, unpromoted: 3, promoted: 4 } as const
export type Role = (typeof role)[keyof typeof role]

const names = ['Unknown', 'Stopped', 'Started', 'Unpromoted', 'Promoted'] as const

/** A role as people read it. */
export function roleText(of: Role): string {
  return names[of]
}

/** Reads a role in any case, the old words Master and Slave included; unknown for anything else. */
export function parseRole(text: string | undefined): Role {
  switch (text?.toLowerCase()) {
    case 'stopped':
      return role.stopped
    case 'started':
      return role.started
    case 'unpromoted':
    case 'slave':
      return role.unpromoted
    case 'promoted':
    case 'master':
      return role.promoted
    default:
      return role.unknown
  }
}
