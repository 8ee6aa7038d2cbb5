export {
  type AgentAction,
  type AgentCall,
  callOfArguments,
  callOfStdin,
  noDomainMistake,
  stdinCharactersMax,
} from './agent-call.ts'
export {
  type AgentName,
  type AgentOption,
  agentOptions,
  metadataText,
  otherStdinKeys,
  stdinHelpText,
  stdinUsageText,
  usageText,
} from './agent-option.ts'
export {
  type ChannelRequest,
  channelRequestLayout,
  channelResponseSize,
  decodeChannelRequest,
  encodeChannelRequest,
  encodeChannelResponse,
  type FrameHunt,
  huntFrame,
  huntFrames,
  noFrames,
} from './channel-frame.ts'
export {
  beginAfterResponse,
  beginClient,
  type ClientEffect,
  type ClientOutcome,
  type ClientSecurity,
  type ClientSession,
  type ClientStep,
  hostsMax,
  stepClient,
} from './client-session.ts'
export {
  type ConfFault,
  type ConfNode,
  type ConfValue,
  confDepthMax,
  confSizeMax,
  describeFault,
  dumpConf,
  parseConf,
  sectionOf,
  settingOf,
} from './conf-tree.ts'
export { type CpgMessage, decodeCpgMessage, encodeCpgMessage } from './cpg/cpg-message.ts'
export {
  type Directory,
  type DirectoryEffect,
  type DirectoryEvent,
  newDirectory,
  stepDirectory,
} from './cpg/guest-directory.ts'
export {
  type BackendConf,
  backendKinds,
  type DaemonConf,
  defaultCpgGroup,
  defaultGroups,
  defaultKeyFile,
  defaultPort,
  type ListenerConf,
  listenerNames,
  readDaemonConf,
  type SecurityConf,
} from './daemon-conf.ts'
export {
  addressFamilies,
  type CallBack,
  domainSizeMax,
  encodeFenceRequest,
  type FenceRequest,
  fenceRequestLayout,
  openFenceRequest,
  type RequestFault,
  randomSize,
} from './fence-request.ts'
export { type Group, isPermitted, visibleHosts } from './groups.ts'
export {
  type Digest,
  digestSize,
  equalInConstantTime,
  type HashName,
  hashCode,
  hashNames,
  keySizeMax,
  paddedDigest,
} from './hash.ts'
export { decodeHost, encodeHosts, hostRecordLayout } from './host-record.ts'
export { domainSockets } from './libvirt/domain-sockets.ts'
export {
  type DomainRef,
  domainListMax,
  encodeRpc,
  procedures,
  type RpcMessage,
  readDomain,
  readRpcError,
  rpcPrograms,
  rpcTypes,
  takeRpc,
  writeDomain,
} from './libvirt/rpc-message.ts'
export { XdrReader, XdrWriter } from './libvirt/xdr.ts'
export {
  type Host,
  hostStates,
  isUuid,
  type OperationName,
  operationCodes,
  operationOfCode,
  responses,
} from './operation.ts'
export { defaultRateLimit, type RateLimit, RateLimiter, rateSourcesMax } from './rate-limit.ts'
export {
  RecentRequests,
  type RequestIdentity,
  recentRequestsMax,
  repeatWindowMs,
  requestKey,
} from './recent-requests.ts'
export { parseSerialParameters, type SerialParameters } from './serial-parameters.ts'
export {
  awaitingRequest,
  calledBack,
  type ServerEffect,
  type ServerSecurity,
  type ServerSession,
  type ServerStep,
  type SessionFault,
  stepServer,
} from './server-session.ts'
export { visibleText } from './visible-text.ts'
export { type WizardQuestion, wizard } from './wizard.ts'
