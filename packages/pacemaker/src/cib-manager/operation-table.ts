import type { CibOperation } from './service.ts'

/** Whether an operation changes the CIB, and whether only privileged end points may ask for it. */
export type OperationRow = { readonly modifies: boolean; readonly isPrivileged: boolean }

/**
 * The operations of behaviour/pacemaker-daemons.md 1.3. `cib_master` is no change of the document: it is carried out where
 * it is asked for and never broadcast.
 */
export const operationTable: Readonly<Record<CibOperation, OperationRow>> = {
  cib_query: { modifies: false, isPrivileged: false },
  cib_modify: { modifies: true, isPrivileged: true },
  cib_apply_diff: { modifies: true, isPrivileged: true },
  cib_replace: { modifies: true, isPrivileged: true },
  cib_create: { modifies: true, isPrivileged: true },
  cib_delete: { modifies: true, isPrivileged: true },
  cib_delete_alt: { modifies: true, isPrivileged: true },
  cib_bump: { modifies: true, isPrivileged: true },
  cib_erase: { modifies: true, isPrivileged: true },
  cib_upgrade: { modifies: true, isPrivileged: true },
  cib_sync: { modifies: false, isPrivileged: true },
  cib_sync_one: { modifies: false, isPrivileged: true },
  cib_master: { modifies: false, isPrivileged: true },
  cib_slave: { modifies: false, isPrivileged: true },
  cib_slave_all: { modifies: false, isPrivileged: true },
  cib_ismaster: { modifies: false, isPrivileged: true },
  noop: { modifies: false, isPrivileged: false },
  ping: { modifies: false, isPrivileged: false },
  cib_shutdown_req: { modifies: false, isPrivileged: true },
}

/** Narrows a name from a message. */
export function isCibOperation(name: string): name is CibOperation {
  return Object.hasOwn(operationTable, name)
}
