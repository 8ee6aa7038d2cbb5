import type { Tool } from './tool.ts'

export type { Tool } from './tool.ts'

/**
 * Every program of the product by its usual name, loaded only when it is the one that runs: a tool starts in the time
 * that its own code takes. Sorted.
 */
export const tools: Readonly<Record<string, () => Promise<Tool>>> = {
  attrd_updater: async () => (await import('./attrd_updater/main.ts')).run,
  cibadmin: async () => (await import('./cibadmin/main.ts')).run,
  cl_status: async () => (await import('./cl_status/main.ts')).run,
  corosync: async () => (await import('./corosync/main.ts')).run,
  'corosync-cfgtool': async () => (await import('./corosync-cfgtool/main.ts')).run,
  'corosync-cmapctl': async () => (await import('./corosync-cmapctl/main.ts')).run,
  'corosync-cpgtool': async () => (await import('./corosync-cpgtool/main.ts')).run,
  'corosync-keygen': async () => (await import('./corosync-keygen/main.ts')).run,
  'corosync-quorumtool': async () => (await import('./corosync-quorumtool/main.ts')).run,
  crm_attribute: async () => (await import('./crm_attribute/main.ts')).run,
  crm_diff: async () => (await import('./crm_diff/main.ts')).run,
  crm_error: async () => (await import('./crm_error/main.ts')).run,
  crm_failcount: async () => (await import('./crm_failcount/main.ts')).run,
  crm_master: async () => (await import('./crm_master/main.ts')).run,
  crm_mon: async () => (await import('./crm_mon/main.ts')).run,
  crm_node: async () => (await import('./crm_node/main.ts')).run,
  crm_resource: async () => (await import('./crm_resource/main.ts')).run,
  crm_rule: async () => (await import('./crm_rule/main.ts')).run,
  crm_shadow: async () => (await import('./crm_shadow/main.ts')).run,
  crm_simulate: async () => (await import('./crm_simulate/main.ts')).run,
  crm_standby: async () => (await import('./crm_standby/main.ts')).run,
  crm_ticket: async () => (await import('./crm_ticket/main.ts')).run,
  crm_verify: async () => (await import('./crm_verify/main.ts')).run,
  crmadmin: async () => (await import('./crmadmin/main.ts')).run,
  fence_virt: async () => (await import('./fence_virt/main.ts')).run,
  fence_virtd: async () => (await import('./fence_virtd/main.ts')).run,
  fence_xvm: async () => (await import('./fence_xvm/main.ts')).run,
  heartbeat: async () => (await import('./heartbeat/main.ts')).run,
  iso8601: async () => (await import('./iso8601/main.ts')).run,
  pacemakerd: async () => (await import('./pacemakerd/main.ts')).run,
  stonith_admin: async () => (await import('./stonith_admin/main.ts')).run,
}
