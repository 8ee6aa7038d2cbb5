export { AttributeService, type AttributeServiceOptions } from './attributes/attribute-service.ts'
export type { AttributeManager, AttributeUpdate, ClearFailure } from './attributes/service.ts'
export { type CibDisk, CibService, type CibServiceOptions, type StoredCib } from './cib-manager/cib-service.ts'
export {
  type CibChange,
  type CibGeneration,
  type CibManager,
  type CibOperation,
  type CibReply,
  type CibRequest,
  callOptions,
} from './cib-manager/service.ts'
export { stepController } from './controller/controller.ts'
export { type ClusterNode, ControllerCluster, documentOf } from './controller/controller-cluster.ts'
export {
  type AgentEnd,
  type AgentProcess,
  type Agents,
  type ControllerHost,
  ControllerShell,
} from './controller/controller-shell.ts'
export {
  type ControllerConfig,
  type ControllerEffect,
  type ControllerEvent,
  type ControllerState,
  isDc,
  newController,
  type ScheduleResult,
} from './controller/state.ts'
export type { DaemonHost } from './daemon-host.ts'
export { type AgentRun, readResource } from './executor/agent.ts'
export {
  type ExecutorEffect,
  type ExecutorEvent,
  type ExecutorState,
  newExecutor,
  type OperationOrder,
  type OperationResult,
  stepExecutor,
} from './executor/executor.ts'
export {
  type FenceAgentRun,
  type FenceAgents,
  FencerService,
  type FencerServiceOptions,
} from './fencer/fencer-service.ts'
export type { FenceAgentEnd } from './fencer/room.ts'
export type { ControllerDoor, DaemonDoor, DaemonState, IpcPeer, IpcServers } from './ipc/doors.ts'
export { cibCommand, withOrigin } from './messages/cib-message.ts'
export { type ClusterConnectionOptions, connectCluster } from './messages/cluster-connection.ts'
export { crmRequest } from './messages/crm-message.ts'
export { type CrmRoute, type CrmRouteFacts, routeCrmMessage } from './messages/crmd-route.ts'
export {
  type Clock,
  type ClusterView,
  type Peer,
  type PeerGroup,
  type PeerHandlers,
  type PeerMessage,
  type PeerMessenger,
  type PeerTarget,
  type PeerType,
  peerTypes,
} from './messages/peer-messenger.ts'
export { type Graph, unpackGraph } from './transition/graph.ts'
export {
  newTransition,
  stepTransition,
  type Transition,
  type TransitionEffect,
  type TransitionEvent,
} from './transition/transition.ts'
