import fs from 'node:fs'
import { parseXml } from '@quorate/xml'
import type { AgentEnd } from '../controller/controller-shell.ts'
import { agentName, type ResourceSpec } from '../executor/agent.ts'
import { type AgentMetadata, readMetadata } from '../executor/metadata.ts'
import type { AgentHost } from './agent-folders.ts'
import { findAgent, startAgent } from './agent-process.ts'
import { describeFenceAgent, fenceAgentFolders, findFenceAgent } from './fence-agent.ts'

/** An agent that has not told its meta-data by then is not waited for. */
const metadataTimeoutMs = 30_000
/** Longest meta-data that is read, bytes. Some agents describe a hundred parameters. */
const metadataBytesMax = 1024 * 1024

type Known = { readonly changedMs: number; readonly metadata: AgentMetadata }

/** Meta-data of agents, asked for again only when the agent's file has changed, or when the agent did not tell it. */
export class AgentLibrary {
  readonly #host: AgentHost
  readonly #known = new Map<string, Known>()

  constructor(host: AgentHost) {
    this.#host = host
  }

  /** Undefined where the agent is missing, says nothing that can be read, or takes too long. */
  async learn(resource: ResourceSpec): Promise<AgentMetadata | undefined> {
    const isDevice = resource.standard === 'stonith'
    const file = isDevice ? findFenceAgent(resource.type, fenceAgentFolders()) : findAgent({ resource }, this.#host)
    if (file === undefined) return undefined
    const changedMs = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
    const known = this.#known.get(file)
    if (known?.changedMs === changedMs) return known.metadata
    const metadata = await (isDevice ? askDevice(resource.type) : this.#ask(resource))
    if (metadata !== undefined) this.#known.set(file, { changedMs, metadata })
    return metadata
  }

  #ask(resource: ResourceSpec): Promise<AgentMetadata | undefined> {
    const run = { resource: { ...resource, id: agentName(resource) }, action: 'meta-data', parameters: new Map() }
    return new Promise((resolve) => {
      const told = ({ stdout }: AgentEnd): void => {
        clearTimeout(timer)
        const xml = parseXml(stdout)
        resolve(xml.ok && xml.value.name === 'resource-agent' ? readMetadata(xml.value) : undefined)
      }
      const agent = startAgent(run, this.#host, told, metadataBytesMax)
      const timer = setTimeout(() => agent.signal('SIGKILL'), metadataTimeoutMs)
    })
  }
}

async function askDevice(agent: string): Promise<AgentMetadata | undefined> {
  const description = await describeFenceAgent(agent, fenceAgentFolders())
  return description === undefined ? undefined : readMetadata(description)
}
