export { CsError, type CsErrorName, csErrorCodes } from '../cs-error.ts'
export { votequorumInfoFlags } from '../ipc/votequorum-messages.ts'
export type {
  CfgAdminClient,
  CmapAdminClient,
  CpgProcess,
  NodeLink,
  NodeStatus,
  QuorumAdminClient,
  RingLink,
  VotequorumClient,
  VotequorumHandlers,
  VotequorumInfo,
  VotequorumState,
} from './admin-clients.ts'
export { connectRing, type IpcRing } from './ipc-ring.ts'
export type {
  CfgClient,
  CfgHandlers,
  CmapClient,
  CmapValue,
  CpgChange,
  CpgClient,
  CpgHandlers,
  CpgMember,
  CpgReason,
  QuorumClient,
  QuorumHandlers,
  QuorumView,
  Ring,
} from './ring-clients.ts'
