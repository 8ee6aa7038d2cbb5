import os from 'node:os'
import { ControllerClient } from '@quorate/pacemaker/client'
import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'
import type { NamedNode } from './nvpair-place.ts'
import type { ToolHost } from './tool-host.ts'

/** Name of this node in the cluster: what the controller says, or the host's name where none can be asked. */
export async function localNodeName(host: ToolHost, isFile: boolean): Promise<string> {
  const inAgent = host.env['OCF_RESKEY_CRM_meta_on_node']
  if (inAgent !== undefined) return inAgent
  if (isFile) return os.hostname()
  const controller = await ControllerClient.connect('crm_attribute')
  try {
    return (await controller.nodeInfo()).name ?? os.hostname()
  } finally {
    controller.close()
  }
}

/** The node of a name as a CIB knows it: a cluster node by its entry, a remote one (which has none) by its state. */
export function nodeInCib(cib: XmlElement, uname: string): NamedNode | undefined {
  const configuration = child(cib, 'configuration')
  const nodes = configuration && child(configuration, 'nodes')
  const status = child(cib, 'status')
  const candidates = [...(nodes?.children ?? []), ...(status === undefined ? [] : childrenNamed(status, 'node_state'))]
  const found = candidates.find((item) => attr(item, 'uname')?.toLowerCase() === uname.toLowerCase())
  if (found !== undefined) return { id: attr(found, 'id') ?? uname, uname: attr(found, 'uname') ?? uname }
  return isRemoteNode(configuration, uname) ? { id: uname, uname } : undefined
}

function isRemoteNode(configuration: XmlElement | undefined, uname: string): boolean {
  const resources = configuration && child(configuration, 'resources')
  const open: XmlElement[] = resources === undefined ? [] : [resources]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at.name === 'primitive' && attr(at, 'type') === 'remote' && attr(at, 'id') === uname) return true
    if (at.name === 'nvpair' && attr(at, 'name') === 'remote-node' && attr(at, 'value') === uname) return true
    open.push(...at.children)
  }
  return false
}
