import { child, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { FailedOperation } from '../model/model.ts'

/**
 * A CIB with the node and the resource noted at each entry of a history that counts as a failed operation, as the C
 * program has it in an input that it saves.
 */
export function withFailureMarks(cib: XmlElement, failed: readonly FailedOperation[]): XmlElement {
  if (failed.length === 0) return cib
  const marks = new Map(failed.map(({ xml, node, instanceId }) => [xml, { uname: node.uname, 'rsc-id': instanceId }]))
  const change = (of: XmlElement, names: readonly string[]): XmlElement => {
    const [name, ...below] = names
    if (name === undefined) return withAttributes(of, marks.get(of) ?? {})
    return withChildren(
      of,
      of.children.map((item) => (item.name === name ? change(item, below) : item)),
    )
  }
  const status = child(cib, 'status')
  if (status === undefined) return cib
  const marked = change(status, ['node_state', 'lrm', 'lrm_resources', 'lrm_resource', 'lrm_rsc_op'])
  return withChildren(
    cib,
    cib.children.map((item) => (item === status ? marked : item)),
  )
}
