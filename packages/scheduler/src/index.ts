export { type ParameterDigest, type ResourceDigests, resourceDigests } from './action/digest.ts'
export { unfencingSource } from './action/fencing.ts'
export { unpackConstraints } from './constraint/constraints.ts'
export {
  addDuration,
  type DateFields,
  type DurationFields,
  dateFields,
  daySeconds,
  durationDays,
  durationSeconds,
  type Moment,
} from './date.ts'
export { type OnUnreadable, type Period, parseDurationFields, parseMoment, parsePeriod } from './date-text.ts'
export type { NamedValue } from './explain/cib-edit.ts'
export { type Decision, decisionOn } from './explain/decision.ts'
export { configurationProblems, explain, explainFrom, explainNodeState, unknownText } from './explain/explain.ts'
export { explanationLines, nodeStateLines } from './explain/explanation-text.ts'
export type { ConstraintLoop } from './explain/loops.ts'
export { hasOtherSecrets } from './explain/masked-secrets.ts'
export { type Overview, overview, type Trouble, type TroubledResource } from './explain/overview.ts'
export { overviewLines } from './explain/overview-text.ts'
export type { Placement, PlacementChange } from './explain/placement.ts'
export type { PlannedChange } from './explain/planned-change.ts'
export type {
  ConfigurationProblem,
  DueAction,
  Explanation,
  GeneralReason,
  InstanceExplanation,
  InstanceOutcome,
  NodeExplanation,
  NodeStateExplanation,
  PromotionExplanation,
  Reason,
  ReasonKind,
  Wait,
  WaitStep,
} from './explain/reason.ts'
export { metaSource } from './explain/setting-source.ts'
export {
  type Preference,
  type Supposition,
  supposedCib,
  suppositionArguments,
} from './explain/supposition.ts'
export {
  type WhatIf,
  whatIf,
  whatIfLines,
  whatIfWithEnd,
} from './explain/what-if.ts'
export { dotText } from './graph/dot.ts'
export { GlibOrder } from './model/hash-order.ts'
export {
  Cluster,
  ClusterNode,
  type Colocation,
  type LocationRecord,
  type LogLine,
  Resource,
  type Ticket,
} from './model/model.ts'
export { compareDisplayNames } from './model/node-names.ts'
export { type Role, role, roleText } from './model/role.ts'
export {
  currentNode,
  currentRole,
  findResource,
  isActive,
  isGuest,
  isRemote,
  outermost,
  printableId,
  top,
} from './model/tree.ts'
export { namedValues } from './named-values.ts'
export {
  type NodeTextOptions,
  nodeHealth,
  nodeItems,
  nodeKindText,
  nodeStateText,
  nodeText,
} from './report/node-list.ts'
export {
  agentText,
  pendingState,
  primitiveText,
  type ResourceTextOptions,
  resourceLook,
  shownRole,
} from './report/primitive-text.ts'
export { isElsewhere, type ResourceListOptions, resourceItem, resourceItems } from './report/resource-list.ts'
export { exitWords, operationWords } from './report/result-words.ts'
export { bracketed, fancyLines, parenthesised, plainLines, type StatusItem } from './report/status-item.ts'
export { isTrue, parseInteger } from './scalar.ts'
export { decide, locate, type Schedule, schedule, scheduleLog } from './schedule.ts'
export { scoreOf, scoreText } from './score.ts'
export type { Injections } from './simulate/inject.ts'
export {
  type Remark,
  type SimulationOutcome,
  type SimulationRequest,
  type Stage,
  schemaWarnings,
  simulate,
} from './simulate/session.ts'
export { type ClusterStatus, isDisabled, type StatusOptions, unpackStatus } from './status.ts'
export { type FailCount, failCount as failCountOf } from './unpack/fail-count.ts'
export { startAndStop } from './unpack/history.ts'
export { compareEntries, type HistoryEntry, historyEntry, mergeSort } from './unpack/history-entry.ts'
export { parametersOf } from './unpack/resource.ts'
export { type RuleEffect, ruleEffect } from './unpack/rule-effect.ts'
export { sectionOf } from './unpack/section.ts'
