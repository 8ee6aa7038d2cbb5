import {
  type Acl,
  type AclMarks,
  accessAt,
  aclFor,
  aclMarks,
  cibCallOptions,
  cibFaults,
  performCall,
  type Requester,
} from '@quorate/cib'
import { attr, child, childrenNamed, element, type XmlElement, type XmlPath } from '@quorate/xml'
import { ack } from '../ipc/local-client.ts'
import { type AttrdChange, attrdParts, attrdQueryReply, readAttrdChange } from '../messages/attrd-message.ts'
import { sanitised } from './attribute-write.ts'
import { failureFilter } from './failure-names.ts'

/** Status of the acknowledgement of a request that the user's permissions do not allow. */
const insufficientPrivileges = 4

/** A transient attribute in the CIB: name, node, and where its pair stands. */
type StoredAttribute = { readonly name: string; readonly node: string; readonly path: XmlPath }

/**
 * The answer with which a request is refused to a user whom ACLs limit; undefined where it may be carried out. An attribute
 * may be changed by who may write it in the CIB, on every node that is meant, and be asked for by who may read it there.
 * What is not kept in the CIB, and orders about no attribute by name, are not for such users.
 *
 * Pacemaker 2.1.5 takes every request and fails to write it afterwards, over and over; what another user has created it
 * writes with that user's rights.
 */
export function attributeRefusal(
  cib: XmlElement,
  xml: XmlElement,
  requester: Requester,
  localName: string,
): XmlElement | undefined {
  const acl = aclFor(cib, requester)
  if (acl === undefined) return undefined
  const judge = new Judge(cib, acl, requester, localName)
  if (attr(xml, 'task') === 'query') {
    const name = attr(xml, 'attr_name') ?? ''
    // As of an attribute that nobody has set.
    return judge.mayRead(name, attr(xml, 'attr_host')) ? undefined : attrdQueryReply(undefined, [])
  }
  return judge.mayAsk(xml) ? undefined : ack('attrd', insufficientPrivileges)
}

class Judge {
  readonly #cib: XmlElement
  readonly #requester: Requester
  readonly #localName: string
  readonly #marks: AclMarks
  readonly #stored: readonly StoredAttribute[]

  constructor(cib: XmlElement, acl: Acl, requester: Requester, localName: string) {
    this.#cib = cib
    this.#requester = requester
    this.#localName = localName
    this.#marks = aclMarks(cib, acl)
    this.#stored = storedAttributes(cib)
  }

  mayRead(name: string, host: string | undefined): boolean {
    const found = this.#on(host === 'localhost' ? this.#localName : host).filter((item) => item.name === name)
    return found.length > 0 && found.every(({ path }) => accessAt(this.#marks, path) !== 'denied')
  }

  mayAsk(xml: XmlElement): boolean {
    switch (attr(xml, 'task')) {
      case 'update':
      case 'update-both':
      case 'update-delay': {
        const parts = attrdParts(xml)
        return (parts.length > 0 ? parts : [xml]).every((part) => this.#mayChange(readAttrdChange(part, xml)))
      }
      case 'clear-failure':
        return this.#mayClear(xml)
      default:
        return false
    }
  }

  #mayChange(change: AttrdChange): boolean {
    if (change.name === undefined || change.pattern !== undefined || change.isPrivate) return false
    const host =
      change.host === undefined || change.host === '' || change.host === 'localhost' ? this.#localName : change.host
    // The id decides where a value is written.
    const id = nodeId(this.#cib, host)
    if (id === undefined || (change.hostId !== undefined && String(change.hostId) !== id)) return false
    if (change.isRemote && id !== host) return false
    const found = this.#on(host).filter((item) => item.name === change.name)
    if (found.length > 0) return this.#areWritable(found)
    const isInSet = change.set === undefined || this.#mayAdd(change.name, host, change.set)
    return isInSet && this.#mayAdd(change.name, host, undefined)
  }

  #mayClear(xml: XmlElement): boolean {
    const host = attr(xml, 'attr_host')
    const isMeant = failureFilter(xml)
    if (!this.#areWritable(this.#on(host).filter((item) => isMeant(item.name)))) return false
    // Failures that are counted but not yet written are forgotten, too.
    const name = `fail-count-${attr(xml, 'attr_resource') ?? ''}`
    return (host === undefined ? nodeNames(this.#cib) : [host]).every((node) => this.#mayAdd(name, node, undefined))
  }

  #on(host: string | undefined): readonly StoredAttribute[] {
    return host === undefined
      ? this.#stored
      : this.#stored.filter(({ node }) => node.toLowerCase() === host.toLowerCase())
  }

  #areWritable(attributes: readonly StoredAttribute[]): boolean {
    return attributes.every(({ path }) => accessAt(this.#marks, path) === 'writable')
  }

  /** Whether the user may add an attribute that the CIB does not have: what would be written is tried. */
  #mayAdd(name: string, node: string, set: string | undefined): boolean {
    const id = nodeId(this.#cib, node)
    if (id === undefined) return false
    const setId = sanitised(set ?? `status-${id}`)
    const pair = element('nvpair', { id: sanitised(`${setId}-${name}`), name, value: '' })
    const attributes = element('transient_attributes', { id }, [element('instance_attributes', { id: setId }, [pair])])
    const data = element('status', {}, [element('node_state', { id }, [attributes])])
    const call = { op: 'cib_modify', section: 'status', options: cibCallOptions.dryRun, data } as const
    return performCall(this.#cib, call, { isValid: () => true, requester: this.#requester }).rc !== cibFaults.denied
  }
}

function storedAttributes(cib: XmlElement): readonly StoredAttribute[] {
  const found: StoredAttribute[] = []
  const visit = (node: string, at: XmlElement, path: XmlPath): void => {
    const name = at.name === 'nvpair' ? attr(at, 'name') : undefined
    if (name !== undefined) found.push({ name, node, path })
    for (const [index, item] of at.children.entries()) visit(node, item, [...path, index])
  }
  for (const [section, status] of cib.children.entries()) {
    if (status.name !== 'status') continue
    for (const [index, state] of status.children.entries()) {
      const node = attr(state, 'uname') ?? attr(state, 'id') ?? ''
      for (const [place, item] of state.children.entries()) {
        if (item.name === 'transient_attributes') visit(node, item, [section, index, place])
      }
    }
  }
  return found
}

function nodeNames(cib: XmlElement): readonly string[] {
  return statesOf(cib).flatMap((state) => attr(state, 'uname') ?? [])
}

function nodeId(cib: XmlElement, name: string): string | undefined {
  const configuration = child(cib, 'configuration')
  const nodes = configuration && child(configuration, 'nodes')
  const known = [...statesOf(cib), ...(nodes === undefined ? [] : childrenNamed(nodes, 'node'))]
  const found = known.find((item) => attr(item, 'uname')?.toLowerCase() === name.toLowerCase())
  return found && attr(found, 'id')
}

function statesOf(cib: XmlElement): readonly XmlElement[] {
  const status = child(cib, 'status')
  return status === undefined ? [] : childrenNamed(status, 'node_state')
}
