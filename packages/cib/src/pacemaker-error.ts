import { errnoRows } from './errno.ts'
import { exitCodes } from './exit-code.ts'

/** Name and text of a code. */
export type CodeName = { readonly code: number; readonly name: string; readonly text: string }

function table(rows: readonly (readonly [code: number, name: string, text: string])[]): ReadonlyMap<number, CodeName> {
  return new Map(rows.map(([code, name, text]) => [code, { code, name, text }]))
}

const errno = table(errnoRows)

/** Codes of Pacemaker's older interfaces and of `cib_rc`, positive: system errors, and its own from 201. */
export const legacyErrors: ReadonlyMap<number, CodeName> = new Map([
  ...errno,
  ...table([
    [201, 'pcmk_err_generic', 'Error'],
    [202, 'pcmk_err_no_quorum', 'Operation requires quorum'],
    [203, 'pcmk_err_schema_validation', 'Update does not conform to the configured schema'],
    [204, 'pcmk_err_transform_failed', 'Schema transform failed'],
    [205, 'pcmk_err_old_data', 'Update was older than existing configuration'],
    [206, 'pcmk_err_diff_failed', 'Application of update diff failed'],
    [207, 'pcmk_err_diff_resync', 'Application of update diff failed, requesting full refresh'],
    [208, 'pcmk_err_cib_modified', 'On-disk configuration was manually modified'],
    [209, 'pcmk_err_cib_backup', 'Could not archive previous configuration'],
    [210, 'pcmk_err_cib_save', 'Could not save new configuration to disk'],
    [212, 'pcmk_err_cib_corrupt', 'Could not parse on-disk configuration'],
    [213, 'pcmk_err_multiple', 'Resource active on multiple nodes'],
    [214, 'pcmk_err_node_unknown', 'Node not found'],
    [215, 'pcmk_err_already', 'Already in requested state'],
    [216, 'pcmk_err_bad_nvpair', 'Bad name/value pair given'],
    [217, 'pcmk_err_unknown_format', 'Unknown output format'],
    [211, 'pcmk_err_schema_unchanged', 'Schema is already the latest available'],
  ]),
])

/** Return codes of Pacemaker's newer interfaces: system errors are positive, its own are below -1000. */
export const returnCodes: ReadonlyMap<number, CodeName> = new Map([
  ...table([
    [-1033, 'pcmk_rc_duplicate_id', 'Two or more XML elements have the same ID'],
    [-1032, 'pcmk_rc_unpack_error', 'Unable to parse CIB XML'],
    [-1031, 'pcmk_rc_invalid_transition', 'Cluster simulation produced invalid transition'],
    [-1030, 'pcmk_rc_graph_error', 'Error writing graph file'],
    [-1029, 'pcmk_rc_dot_error', 'Error writing dot(1) file'],
    [-1028, 'pcmk_rc_underflow', 'Value too small to be stored in data type'],
    [-1027, 'pcmk_rc_no_input', 'Input file not available'],
    [-1026, 'pcmk_rc_no_output', 'Output message produced no output'],
    [-1025, 'pcmk_rc_after_range', 'Result occurs after given range'],
    [-1024, 'pcmk_rc_within_range', 'Result occurs within given range'],
    [-1023, 'pcmk_rc_before_range', 'Result occurs before given range'],
    [-1022, 'pcmk_rc_undetermined', 'Result undetermined'],
    [-1021, 'pcmk_rc_op_unsatisfied', 'Not applicable under current conditions'],
    [-1020, 'pcmk_rc_ipc_pid_only', 'IPC server process is active but not accepting connections'],
    [-1019, 'pcmk_rc_ipc_unresponsive', 'IPC server is unresponsive'],
    [-1018, 'pcmk_rc_ipc_unauthorized', 'IPC server is blocked by unauthorized process'],
    [-1017, 'pcmk_rc_no_quorum', 'Operation requires quorum'],
    [-1016, 'pcmk_rc_schema_validation', 'Update does not conform to the configured schema'],
    [-1015, 'pcmk_rc_schema_unchanged', 'Schema is already the latest available'],
    [-1014, 'pcmk_rc_transform_failed', 'Schema transform failed'],
    [-1013, 'pcmk_rc_old_data', 'Update was older than existing configuration'],
    [-1012, 'pcmk_rc_diff_failed', 'Application of update diff failed'],
    [-1011, 'pcmk_rc_diff_resync', 'Application of update diff failed, requesting full refresh'],
    [-1010, 'pcmk_rc_cib_modified', 'On-disk configuration was manually modified'],
    [-1009, 'pcmk_rc_cib_backup', 'Could not archive previous configuration'],
    [-1008, 'pcmk_rc_cib_save', 'Could not save new configuration to disk'],
    [-1007, 'pcmk_rc_cib_corrupt', 'Could not parse on-disk configuration'],
    [-1006, 'pcmk_rc_multiple', 'Resource active on multiple nodes'],
    [-1005, 'pcmk_rc_node_unknown', 'Node not found'],
    [-1004, 'pcmk_rc_already', 'Already in requested state'],
    [-1003, 'pcmk_rc_bad_nvpair', 'Bad name/value pair given'],
    [-1002, 'pcmk_rc_unknown_format', 'Unknown output format'],
    [-1001, 'pcmk_rc_error', 'Error'],
  ]),
  ...errno,
])

/** Text of a code as it travels in `cib_rc`; its sign does not matter. */
export function faultText(rc: number): string {
  return rc === 0 ? 'OK' : (legacyErrors.get(Math.abs(rc))?.text ?? 'Error')
}

const exitByName: Readonly<Record<string, number>> = {
  EACCES: exitCodes.insufficientPrivileges,
  EBADF: exitCodes.software,
  EINVAL: exitCodes.software,
  EFAULT: exitCodes.software,
  ENOSYS: exitCodes.software,
  EOVERFLOW: exitCodes.software,
  ECOMM: exitCodes.osError,
  ENOMEM: exitCodes.osError,
  EIO: exitCodes.io,
  EBADMSG: exitCodes.protocol,
  EMSGSIZE: exitCodes.protocol,
  ENOMSG: exitCodes.protocol,
  ENOPROTOOPT: exitCodes.protocol,
  EPROTO: exitCodes.protocol,
  EPROTONOSUPPORT: exitCodes.protocol,
  EPROTOTYPE: exitCodes.protocol,
  ECONNABORTED: exitCodes.disconnect,
  ECONNREFUSED: exitCodes.disconnect,
  ECONNRESET: exitCodes.disconnect,
  ENOTCONN: exitCodes.disconnect,
  ENODEV: exitCodes.noSuchObject,
  ENOENT: exitCodes.noSuchObject,
  ENXIO: exitCodes.noSuchObject,
  EEXIST: exitCodes.exists,
  ENOTUNIQ: exitCodes.multiple,
  EAGAIN: exitCodes.unsatisfied,
  EBUSY: exitCodes.unsatisfied,
  ETIME: exitCodes.timeout,
  ETIMEDOUT: exitCodes.timeout,
  ENOTSUP: exitCodes.unimplemented,
  EOPNOTSUPP: exitCodes.unimplemented,
  pcmk_err_no_quorum: exitCodes.quorum,
  pcmk_err_schema_validation: exitCodes.config,
  pcmk_err_transform_failed: exitCodes.config,
  pcmk_err_old_data: exitCodes.old,
  pcmk_err_multiple: exitCodes.multiple,
  pcmk_err_node_unknown: exitCodes.noSuchObject,
  pcmk_err_already: exitCodes.exists,
  pcmk_err_bad_nvpair: exitCodes.invalidParameter,
  pcmk_err_unknown_format: exitCodes.noSuchObject,
  pcmk_err_schema_unchanged: exitCodes.ok,
}

/** Exit code with which a tool ends for a code of {@link legacyErrors}; its sign does not matter. */
export function exitCodeOf(rc: number): number {
  if (rc === 0) return exitCodes.ok
  return exitByName[legacyErrors.get(Math.abs(rc))?.name ?? ''] ?? exitCodes.error
}
