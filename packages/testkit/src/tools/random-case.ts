import { Prng } from '@quorate/base'
import { Chance } from '../conformance/random/chance.ts'
import { askCibadmin } from './ask-cibadmin.ts'
import { askCrmAttribute, askCrmFailcount, askCrmMaster, askCrmNode, askCrmStandby } from './ask-crm-attribute.ts'
import { askCrmDiff } from './ask-crm-diff.ts'
import { askCrmError } from './ask-crm-error.ts'
import { askCrmMon } from './ask-crm-mon.ts'
import { askCrmResource } from './ask-crm-resource.ts'
import { askCrmRule } from './ask-crm-rule.ts'
import { askCrmShadow } from './ask-crm-shadow.ts'
import { askCrmTicket } from './ask-crm-ticket.ts'
import { askCrmVerify } from './ask-crm-verify.ts'
import { askIso8601 } from './ask-iso8601.ts'
import { type AskTool, type ToolCase, type ToolName, toolNames } from './tool-case.ts'

const asking: Readonly<Record<ToolName, AskTool>> = {
  iso8601: askIso8601,
  crm_error: askCrmError,
  crm_rule: askCrmRule,
  crm_ticket: askCrmTicket,
  crm_resource: askCrmResource,
  crm_mon: askCrmMon,
  cibadmin: askCibadmin,
  crm_diff: askCrmDiff,
  crm_verify: askCrmVerify,
  crm_attribute: askCrmAttribute,
  crm_standby: askCrmStandby,
  crm_failcount: askCrmFailcount,
  crm_master: askCrmMaster,
  crm_shadow: askCrmShadow,
  crm_node: askCrmNode,
}

const zones = ['UTC', 'UTC', 'UTC', 'Asia/Tokyo', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia', 'Etc/GMT+12']

/** The case of a seed: always the same one. Of all tools in turn where none is named. */
export function randomToolCase(seed: number, only?: ToolName): ToolCase {
  const chance = new Chance(new Prng(BigInt(seed)))
  const tool = only ?? chance.pick(toolNames)
  return { tool, zone: chance.pick(zones), ...asking[tool](chance) }
}
