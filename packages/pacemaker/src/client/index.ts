export { type CibReply, callOptions } from '../cib-manager/service.ts'
export type { FencingDevice, FencingOutcome } from '../fencer/service.ts'
export { AttrdClient, type AttributeAnswer } from './attrd-client.ts'
export { hostBzip2 } from './bzip2.ts'
export {
  CibClient,
  type CibClientCall,
  type CibClientOptions,
  CibFollower,
  type CibNotification,
} from './cib-client.ts'
export {
  ControllerClient,
  type ControllerStatus,
  type ListedNode,
  type NodeInfo,
  type ResourceOrder,
} from './controller-client.ts'
export { DaemonChannel, type DaemonChannelOptions } from './daemon-channel.ts'
export { isListedIn } from './daemon-user.ts'
export {
  type FencingRecord,
  type FencingState,
  fencingExecution,
  fencingOutcome,
  fencingRecords,
  isDone,
} from './fencer-answer.ts'
export { type FenceCall, FencerClient, type FencingHistoryCall, type LevelTarget } from './fencer-client.ts'
export { type PacemakerdStatus, pingPacemakerd, quitPacemakerd } from './pacemakerd-client.ts'
export { resourceOrder } from './resource-order.ts'
