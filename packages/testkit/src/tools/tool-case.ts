import type { XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'

/** A command line, and what it is run on. */
export type ToolCase = {
  readonly tool: ToolName
  readonly argv: readonly string[]
  /** The CIB in `CIB_file`; left out where the tool reads none. */
  readonly cib?: XmlElement
  /** Other files in the folder in which it runs, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** All of standard input. */
  readonly input?: string
  /** Time zone of the machine, as in `TZ`. */
  readonly zone: string
}

/** Tools whose command lines are made at random. */
export const toolNames = [
  ...(['iso8601', 'crm_error', 'crm_rule', 'crm_ticket', 'crm_resource', 'crm_mon', 'cibadmin'] as const),
  ...(['crm_diff', 'crm_verify', 'crm_attribute', 'crm_standby', 'crm_failcount', 'crm_master'] as const),
  ...(['crm_shadow', 'crm_node'] as const),
] as const
export type ToolName = (typeof toolNames)[number]

/** What a generator decides: all but the tool and the zone. */
export type Asked = Omit<ToolCase, 'tool' | 'zone'>

/** Makes command lines of a tool. */
export type AskTool = (chance: Chance) => Asked
