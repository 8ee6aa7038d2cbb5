import { escapeValue } from '@quorate/xml'
import { sortedNames } from '../short-sort.ts'

const internalNames = new Set(['id', 'crm_feature_set', 'op-digest', 'on_node', 'on_node_uuid', 'pcmk_external_ip'])

function isInternal(name: string): boolean {
  return internalNames.has(name) || name.startsWith('CRM_meta_')
}

/** True where {@link withoutInternals} would leave something out. */
export function hasInternals(parameters: ReadonlyMap<string, string>): boolean {
  for (const name of parameters.keys()) if (isInternal(name)) return true
  return false
}

/** Parameters without what the cluster adds on its own account. */
export function withoutInternals(parameters: ReadonlyMap<string, string>): Map<string, string> {
  const kept = new Map<string, string>()
  parameters.forEach((value, name) => {
    if (!isInternal(name)) kept.set(name, value)
  })
  return kept
}

/** The text whose digest stands for a set of parameters. */
export function parametersText(parameters: ReadonlyMap<string, string>): string {
  let text = ' <parameters'
  for (const name of sortedNames(parameters)) text += ` ${name}="${escapeValue(parameters.get(name) ?? '')}"`
  return `${text}/>\n`
}

const fencingParameters = new Set([
  ...['provides', 'stonith-timeout', 'pcmk_action_limit', 'pcmk_delay_base', 'pcmk_delay_max'],
  ...['pcmk_host_argument', 'pcmk_host_check', 'pcmk_host_list', 'pcmk_host_map'],
])

/** True for parameters of fence devices that the cluster reads itself; their agents do not know of them. */
export function isFencingParameter(name: string): boolean {
  return fencingParameters.has(name) || /^pcmk_[^_]*_(?:action|timeout|retries)$/.test(name)
}
