import type { OperationKind } from '../api/operation.ts'
import { operationKinds, type Role } from '../api/session.ts'
import { hasRights } from './session-table.ts'

/** The role that each kind of operation needs: two sites that hold one ticket destroy data. */
export function neededRole(kind: OperationKind): Role {
  return kind.startsWith('ticket') ? 'admin' : 'operator'
}

/** What a role may begin, each kind true or the reason why not. */
export function allowedOperations(role: Role, isReadOnly: boolean): Record<string, true | string> {
  return Object.fromEntries(
    operationKinds.map((kind) => {
      if (isReadOnly) return [kind, 'this is a file: it can be looked at only']
      const needed = neededRole(kind)
      return [kind, hasRights(role, needed) ? true : `needs the role ${needed}`]
    }),
  )
}

/** Whether a role may connect to clusters: it has this server go to other machines, with the keys that it has. */
export function mayConnect(role: Role): true | string {
  return hasRights(role, 'admin') ? true : 'needs the role admin'
}
