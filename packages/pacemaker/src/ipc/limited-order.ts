import { cibCallOptions, isRestricted, performCall, type Requester } from '@quorate/cib'
import { attr, type XmlElement } from '@quorate/xml'
import { crmPayload } from '../messages/crm-message.ts'

/** What anybody may ask of a controller. */
const questions: ReadonlySet<string> = new Set(['hello', 'ping', 'node-info', 'list-nodes'])

/**
 * Whether a message for the controller asks for what the user that it names is not allowed. ACLs know nothing of orders:
 * a resource's history may be forgotten by who may delete it from the CIB, as with Pacemaker 2.1.5; all that is neither that
 * nor a question is for root and hacluster.
 *
 * @param node the node that would carry it out: what the message says of that is the user's word
 * @param isInGroup as in `Requester`
 */
export function isDeniedOrder(
  cib: XmlElement,
  message: XmlElement,
  node: string,
  isInGroup: Requester['isInGroup'],
): boolean {
  const user = attr(message, 'crm_user')
  if (!isRestricted(cib, user)) return false
  const task = attr(message, 'crm_task') ?? ''
  if (questions.has(task)) return false
  return task !== 'lrm_delete' || !mayForget(cib, message, node, { user, isInGroup })
}

function mayForget(cib: XmlElement, message: XmlElement, node: string, requester: Requester): boolean {
  const op = crmPayload(message)
  const resource = op?.children.find((item) => item.name === 'primitive')
  const id = resource && attr(resource, 'id')
  // No name of either has a quote in it; here it could turn the expression into another one.
  if (id === undefined || /['"]/.test(node + id)) return false
  const section = `//node_state[@uname='${node}']/lrm/lrm_resources/lrm_resource[@id='${id}']`
  const options = cibCallOptions.xpath | cibCallOptions.dryRun
  return performCall(cib, { op: 'cib_delete', section, options }, { isValid: () => true, requester }).rc === 0
}
