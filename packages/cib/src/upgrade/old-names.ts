/** What becomes of an option of an old name. */
export type Fate =
  | { readonly kind: 'renamed'; readonly to: string; readonly value?: string; readonly hint?: string }
  | { readonly kind: 'moved'; readonly to: 'rsc_defaults' | 'op_defaults'; readonly as: string }
  | { readonly kind: 'dropped'; readonly hint?: string }

/** Fates by name. */
export type Fates = Readonly<Record<string, Fate>>

const threshold: Fate = { kind: 'dropped', hint: 'migration-threshold in rsc_defaults can be configured instead' }
const alertsInstead: Fate = { kind: 'dropped', hint: 'standalone alerts can be configured instead' }
const stickiness: Fate = { kind: 'moved', to: 'rsc_defaults', as: 'resource-stickiness' }
const managed: Fate = { kind: 'moved', to: 'rsc_defaults', as: 'is-managed' }
const timeout: Fate = { kind: 'moved', to: 'op_defaults', as: 'timeout' }

/** Cluster options. Names with underscores are those of releases before 1.0. */
export const optionFates: Fates = {
  cluster_recheck_interval: { kind: 'renamed', to: 'cluster-recheck-interval' },
  dc_deadtime: { kind: 'renamed', to: 'dc-deadtime' },
  'default-action-timeout': timeout,
  default_action_timeout: timeout,
  'default-migration-threshold': threshold,
  default_migration_threshold: threshold,
  'default-resource-failure-stickiness': threshold,
  default_resource_failure_stickiness: threshold,
  'default-resource-stickiness': stickiness,
  default_resource_stickiness: stickiness,
  election_timeout: { kind: 'renamed', to: 'election-timeout' },
  'expected-quorum-votes': { kind: 'dropped', hint: 'corosync (2+) infrastructure tracks quorum on its own' },
  'is-managed-default': managed,
  is_managed_default: managed,
  no_quorum_policy: { kind: 'renamed', to: 'no-quorum-policy' },
  'notification-agent': alertsInstead,
  'notification-recipient': alertsInstead,
  remove_after_stop: { kind: 'renamed', to: 'remove-after-stop' },
  shutdown_escalation: { kind: 'renamed', to: 'shutdown-escalation' },
  startup_fencing: { kind: 'renamed', to: 'startup-fencing' },
  stonith_action: { kind: 'renamed', to: 'stonith-action' },
  stonith_enabled: { kind: 'renamed', to: 'stonith-enabled' },
  stop_orphan_actions: { kind: 'renamed', to: 'stop-orphan-actions' },
  stop_orphan_resources: { kind: 'renamed', to: 'stop-orphan-resources' },
  symmetric_cluster: { kind: 'renamed', to: 'symmetric-cluster' },
  transition_idle_timeout: { kind: 'renamed', to: 'cluster-delay' },
}

/** Of `cluster-infrastructure` with the value of a stack that this generation does not run on. */
export const stackFate: Fate = {
  kind: 'dropped',
  hint: 'corosync (2+) infrastructure can be used instead, though the value is not of significance',
}

const disabled: Fate = {
  kind: 'renamed',
  to: 'target-role',
  value: 'Stopped',
  hint: 'i.e. resource at hand disabled; isolation wrappers obsoleted with bundle resources',
}

/** Meta-attributes of primitives and templates. */
export const metaFates: Fates = {
  isolation: disabled,
  'isolation-host': disabled,
  'isolation-instance': disabled,
  'isolation-wrapper': disabled,
  'resource-failure-stickiness': { kind: 'dropped', hint: 'migration-threshold can be configured instead' },
  resource_failure_stickiness: { kind: 'dropped', hint: 'migration-threshold can be configured instead' },
}

/** Parameters of primitives and templates: those of fencing devices. */
export const parameterFates: Fates = {
  pcmk_arg_map: { kind: 'dropped' },
  pcmk_list_cmd: { kind: 'renamed', to: 'pcmk_list_action' },
  pcmk_monitor_cmd: { kind: 'renamed', to: 'pcmk_monitor_action' },
  pcmk_off_cmd: { kind: 'renamed', to: 'pcmk_off_action' },
  pcmk_on_cmd: { kind: 'renamed', to: 'pcmk_on_action' },
  pcmk_reboot_cmd: { kind: 'renamed', to: 'pcmk_reboot_action' },
  pcmk_status_cmd: { kind: 'renamed', to: 'pcmk_status_action' },
}

/** What an operation has as parameters although they are its own meta-attributes. */
export const operationMetaNames: ReadonlySet<string> = new Set([
  'interval-origin',
  'start-delay',
  'enabled',
  'on-fail',
  'record-pending',
  'role',
  'timeout',
])

/** The only operations whose `requires` ever had an effect. */
export const requiringOperations: ReadonlySet<string> = new Set(['start', 'promote'])
