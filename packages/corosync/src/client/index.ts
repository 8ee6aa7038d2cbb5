export { CsError, type CsErrorName, csErrorCodes } from '../cs-error.ts'
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
} from '../door/admin-clients.ts'
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
} from '../door/ring-clients.ts'
export { votequorumInfoFlags } from '../ipc/votequorum-messages.ts'
export { connectRing, type IpcRing } from './ipc-ring.ts'
