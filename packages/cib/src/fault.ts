/**
 * Codes with which the CIB manager refuses (behaviour/pacemaker-daemons.md 1.12): negative, as they travel in `cib_rc`.
 * Texts and exit codes stand in `pacemaker-error.ts`.
 */
export const cibFaults = {
  noSuchObject: -6,
  denied: -13,
  exists: -17,
  invalid: -22,
  noResult: -42,
  notUnique: -76,
  protocol: -93,
  notConnected: -107,
  schema: -203,
  transform: -204,
  old: -205,
  patch: -206,
  patchResync: -207,
  modifiedByHand: -208,
  schemaUnchanged: -211,
  corrupt: -212,
} as const

/** A refusal, on its way out of the code that carries out an operation. Never crosses the package's border. */
export class CibFault extends Error {
  override readonly name = 'CibFault'
  readonly rc: number
  constructor(rc: number) {
    super(`cib fault ${rc}`)
    this.rc = rc
  }
}
