export { dotText } from './graph/dot.ts'
export { Cluster, ClusterNode, type LogLine, Resource } from './model/model.ts'
export { type Role, role, roleText } from './model/role.ts'
export { activeOn, currentNode, findResource, printableId, top } from './model/tree.ts'
export {
  type NodeListOptions,
  type NodeTextOptions,
  nodeItems,
  nodeKindText,
  nodeStateText,
  nodeText,
} from './report/node-list.ts'
export { agentText, pendingState, primitiveText, type ResourceTextOptions, shownRole } from './report/primitive-text.ts'
export { type ResourceListOptions, resourceItem, resourceItems } from './report/resource-list.ts'
export { exitWords, operationWords } from './report/result-words.ts'
export { bracketed, fancyLines, parenthesised, plainLines, type StatusItem } from './report/status-item.ts'
export { decide, type Schedule, schedule } from './schedule.ts'
export { scoreText } from './score.ts'
export { type ClusterStatus, isDisabled, type StatusOptions, unpackStatus } from './status.ts'
export { type FailCount, failCount as failCountOf } from './unpack/fail-count.ts'
