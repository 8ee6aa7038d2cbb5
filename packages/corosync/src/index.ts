/**
 * Corosync without a world: the services on the ring, the sync engine, corosync.conf, and {@link RingNode}, which puts
 * them and totem together as one state machine for the daemon and for simulations.
 */
export type { CfgConfig, NodeAddress } from './cfg/cfg-service.ts'
export {
  type CmapTypeName,
  cmapTypes,
  decodeCmapValue,
  encodeCmapValue,
  isCmapKey,
  type RawValue,
  type TypedValue,
} from './cmap/cmap-value.ts'
export { bindAddressKey, type CmapKey, configKeys } from './conf/cmap-keys.ts'
export { ConfigError } from './conf/config-error.ts'
export { type ConfigNode, type Configuration, readConfiguration } from './conf/configuration.ts'
export { type Option, type OptionType, options } from './conf/options.ts'
export { checkTiming } from './conf/timing-check.ts'
export { CsError, type CsErrorName, csErrorCodes } from './cs-error.ts'
export { IpcCpgClient } from './door/cpg-client.ts'
export { IpcQuorumClient } from './door/quorum-client.ts'
export type { CpgHandlers, QuorumHandlers, Ring } from './door/ring-clients.ts'
export {
  type OpenService,
  ServiceCalls,
  type ServiceClock,
  type ServiceHandlers,
  type ServiceWire,
} from './door/service-calls.ts'
export {
  cpgAddress,
  cpgCalls,
  cpgConfchg,
  cpgDeliver,
  cpgGroupAt,
  cpgJoin,
  cpgLeave,
  cpgMcast,
  cpgReasons,
  cpgResponses,
} from './ipc/cpg-messages.ts'
export { requestHeader, requestOf, responseHeader } from './ipc/message-header.ts'
export { writeCpgName } from './ipc/wire-name.ts'
export type { NodeEffect, NodeEvent, NodeTimer, RingNodeConfig } from './node/node-event.ts'
export { RingNode } from './node/ring-node.ts'
export { type ConnectionId, type LogLevel, type ServiceName, serviceIds } from './service.ts'
export type { TieBreaker } from './votequorum/tally.ts'
export type { VotequorumConfig } from './votequorum/votequorum-config.ts'
