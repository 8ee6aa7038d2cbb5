export { cibadmin } from './cibadmin/main.ts'
export { crmMon } from './crm_mon/main.ts'
export { crmResource } from './crm_resource/main.ts'
export type { ToolHost } from './pacemaker/tool-host.ts'
