export { CsError, type CsErrorName, csErrorCodes } from './cs-error.ts'
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
