import { attr, type XmlElement } from '@quorate/xml'

/** Which program manages a resource. */
export type AgentSpec = {
  /** `ocf`, `lsb` or `stonith`; others are refused by the executor with a sentence. */
  readonly standard: string
  readonly provider: string | undefined
  readonly type: string
}

/** A resource as an order names it. */
export type ResourceSpec = AgentSpec & { readonly id: string }

/** Reads `<primitive id class provider type/>`; undefined when it names no agent. */
export function readResource(primitive: XmlElement): ResourceSpec | undefined {
  const id = attr(primitive, 'id')
  const standard = attr(primitive, 'class')
  const type = attr(primitive, 'type')
  if (id === undefined || standard === undefined || type === undefined) return undefined
  const provider = attr(primitive, 'provider')
  if (standard === 'ocf' && provider === undefined) return undefined
  if (![id, standard, type, provider ?? 'x'].every((part) => isFileName(part))) return undefined
  return { id, standard, type, provider }
}

/** Parts of an agent's path come from the CIB: none may step out of its folder. */
function isFileName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !/[/\0]/.test(part)
}

/** `ocf:heartbeat:IPaddr2`, as people name agents. */
export function agentName(agent: AgentSpec): string {
  return [agent.standard, agent.provider, agent.type].filter((part) => part !== undefined).join(':')
}

/** Classes whose resources can be run. */
export const knownStandards: ReadonlySet<string> = new Set(['ocf', 'lsb', 'stonith'])

/** What an agent gets as its only argument: init scripts know `status` where OCF agents know `monitor`. */
export function agentArgument(run: AgentRun): string {
  return run.resource.standard === 'lsb' && run.action === 'monitor' ? 'status' : run.action
}

/** Paths at which an agent may be, in order: OCF ones below `folders`, init scripts in `initFolder`. */
export function agentPaths(agent: AgentSpec, folders: readonly string[], initFolder: string): readonly string[] {
  if (agent.standard === 'lsb') return [`${initFolder}/${agent.type}`]
  return folders.map((folder) => `${folder}/${agent.provider}/${agent.type}`)
}

/** One run of an agent: everything that its process gets apart from what it inherits. */
export type AgentRun = {
  readonly resource: ResourceSpec
  readonly action: string
  /** All attributes of the order, `CRM_meta_…` ones included. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Environment of one run (behaviour/agents.md 1), on top of the daemon's own. `ocfRoot` is what agents find their
 * libraries under.
 */
export function agentEnvironment(run: AgentRun, ocfRoot: string): Readonly<Record<string, string>> {
  if (run.resource.standard !== 'ocf') return { LC_ALL: 'C' }
  const environment: Record<string, string> = {
    LC_ALL: 'C',
    OCF_ROOT: ocfRoot,
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RA_VERSION_MINOR: '1',
    OCF_RESOURCE_INSTANCE: run.resource.id,
    OCF_RESOURCE_TYPE: run.resource.type,
    OCF_EXIT_REASON_PREFIX: 'ocf-exit-reason:',
    OCF_OUTPUT_FORMAT: 'text',
    HA_LOGFACILITY: 'daemon',
    HA_logfacility: 'daemon',
    HA_cluster_type: 'corosync',
    HA_quorum_type: 'corosync',
    HA_mcp: 'true',
    PCMK_service: 'pacemaker-execd',
    PCMK_cluster_type: 'corosync',
    PCMK_quorum_type: 'corosync',
    PCMK_mcp: 'true',
  }
  if (run.resource.provider !== undefined) environment['OCF_RESOURCE_PROVIDER'] = run.resource.provider
  for (const [name, value] of run.parameters) {
    const key = name === 'OCF_CHECK_LEVEL' ? name : `OCF_RESKEY_${name}`
    if (isVariable(key, value)) environment[key] = value
  }
  return environment
}

/** A name or value that no process can get (NUL, an equals sign in the name) is left out. */
function isVariable(name: string, value: string): boolean {
  return !/[=\0]/.test(name) && !value.includes('\0')
}
