import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { hostPath, hostRoot } from '@quorate/qb'

/** Where OCF agents are looked for, and what they are told about this host. */
export type AgentHost = {
  /** Folders that hold a folder for each provider, in the order they are searched. */
  readonly folders: readonly string[]
  /** Folder of init scripts. */
  readonly initFolder: string
  /** `OCF_ROOT`: where agents find their shell libraries. */
  readonly ocfRoot: string
  /** Working folder of agents; `/` where it does not exist. */
  readonly workFolder: string
  /** Folder of the secrets that `cibsecret` keeps, with a folder for each resource. */
  readonly secretsFolder: string
  /** Added to every agent's environment. */
  readonly environment: Readonly<Record<string, string>>
}

const ocfRoot = '/usr/lib/ocf'

/** The product's own agents, beside its code; a bundle says with `QUORATE_AGENTS` where it put them. */
function ownAgents(): string {
  return process.env['QUORATE_AGENTS'] ?? fileURLToPath(new URL('../../agents', import.meta.url))
}

/**
 * Agents of this node: `OCF_RA_PATH` (folders between colons) where it is set; else those below `QUORATE_ROOT`, the
 * product's own, and the machine's. With a root of its own a node keeps the agents' state files to itself too.
 */
export function agentHost(): AgentHost {
  const given = process.env['OCF_RA_PATH']
  const machine = path.join(ocfRoot, 'resource.d')
  const usual = [...new Set([hostPath(machine), ownAgents(), machine])]
  const state = { HA_RSCTMP: hostPath('/run/resource-agents'), HA_VARRUN: hostPath('/run') }
  return {
    folders: given === undefined || given === '' ? usual : given.split(':').filter((folder) => folder !== ''),
    initFolder: hostPath('/etc/init.d'),
    ocfRoot,
    workFolder: hostPath('/var/lib/pacemaker/cores'),
    secretsFolder: hostPath('/var/lib/pacemaker/lrm/secrets'),
    environment: hostRoot() === undefined ? {} : state,
  }
}
