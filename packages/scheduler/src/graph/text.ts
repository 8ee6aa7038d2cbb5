import { escapeValue, formatXml } from '@quorate/xml'
import { routerFor } from '../action/remote.ts'
import type { Action, Cluster, ClusterNode, Edge, Resource } from '../model/model.ts'
import { ActionForms, elementName, modePairs, operationPairs, placePairs } from './action-form.ts'
import { type AttributesForm, isOnNode } from './attributes.ts'
import { graphXml, priorityOf } from './build.ts'

/** Length from which on a piece of the text is handed out. */
const pieceLength = 1 << 16

/**
 * The text of `graphXml`, as `formatXml` would write it, piece by piece. A graph can have a hundred thousand elements of
 * many attributes; what is the same for many of them is put together once.
 */
export function* graphText(cluster: Cluster, actions: readonly Action[], transitionId = 0): Generator<string> {
  const { name, attributes } = graphXml(cluster, [], transitionId)
  const writer = new ActionWriter(cluster)
  let piece = `<${name}${pairsText(attributes)}${actions.length === 0 ? '/>' : '>'}\n`
  for (let i = 0; i < actions.length; i += 1) {
    piece += writer.synapse(actions[i] as Action, i)
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  yield actions.length === 0 ? piece : `${piece}</${name}>\n`
}

/** Levels at which elements stand. */
const partDepth = 4
const parameterDepth = 5

/** The text of an `attributes` element before, between and after the gaps for its node. */
type FormParts = readonly [string, string, string]

class ActionWriter {
  readonly #forms: ActionForms
  /** Start tags of actions in their short form, by number: most are needed as an input as well. */
  readonly #tags: (string | undefined)[]
  /** Attributes that tell what is done: the same for all actions of a key. */
  readonly #operations = new Map<string, { readonly task: string; readonly text: string }>()
  /** Attributes that tell where. */
  readonly #places = new Map<ClusterNode, string>()
  readonly #resources = new Map<Resource, string>()
  readonly #parts = new Map<AttributesForm, FormParts>()

  constructor(cluster: Cluster) {
    this.#forms = new ActionForms(cluster)
    this.#tags = new Array<string | undefined>(cluster.actionCount + 1)
  }

  synapse(action: Action, number: number): string {
    const priority = priorityOf(action)
    const rank = priority === undefined ? '' : ` priority="${priority}"`
    const name = elementName(action)
    const head = `  <synapse id="${number}"${rank}>\n    <action_set>\n      ${this.#fullTag(action)}>\n`
    const body = this.#resource(action) + this.#attributes(action) + this.#rest(action)
    const inputs = this.#inputs(action)
    return `${head}${body}      </${name}>\n    </action_set>\n${inputs}  </synapse>\n`
  }

  #inputs(action: Action): string {
    let inputs = ''
    const { before } = action
    for (let i = 0; i < before.length; i += 1) {
      const { first, dumped } = before[i] as Edge
      if (dumped) inputs += `      <trigger>\n        ${this.#tag(first)}/>\n      </trigger>\n`
    }
    return inputs === '' ? '    <inputs/>\n' : `    <inputs>\n${inputs}    </inputs>\n`
  }

  #tag(action: Action): string {
    let tag = this.#tags[action.id]
    if (tag === undefined) {
      tag = this.#newTag(action)
      this.#tags[action.id] = tag
    }
    return tag
  }

  #newTag(action: Action): string {
    const { id, node } = action
    const place = node === undefined || !isOnNode(action) ? '' : this.#placeText(action, node)
    const mode = pairsText(modePairs(action))
    return `<${elementName(action)}${mode} id="${id}"${this.#operationText(action)}${place}`
  }

  #operationText(action: Action): string {
    const { key, task, resource } = action
    // Names in histories can differ from action to action.
    if (resource?.historyName !== undefined) return pairsText(operationPairs(action))
    let operation = this.#operations.get(key)
    if (operation?.task !== task) {
      operation = { task, text: pairsText(operationPairs(action)) }
      this.#operations.set(key, operation)
    }
    return operation.text
  }

  #placeText(action: Action, node: ClusterNode): string {
    const router = routerFor(action)
    if (router !== undefined) return pairsText(placePairs(node, router))
    let text = this.#places.get(node)
    if (text === undefined) {
      text = pairsText(placePairs(node, undefined))
      this.#places.set(node, text)
    }
    return text
  }

  #fullTag(action: Action): string {
    return this.#tag(action) + pairsText(this.#forms.more(action))
  }

  #resource(action: Action): string {
    const { resource } = action
    const element = this.#forms.resource(action)
    if (resource === undefined || element === undefined) return ''
    let text = this.#resources.get(resource)
    if (text === undefined) {
      text = formatXml(element, partDepth)
      this.#resources.set(resource, text)
    }
    return text
  }

  #attributes(action: Action): string {
    const form = this.#forms.attributes(action)
    let parts = this.#parts.get(form)
    if (parts === undefined) {
      parts = partsOf(form)
      if (form.isShared) this.#parts.set(form, parts)
    }
    const { node } = action
    if (form.nameAt < 0 || node === undefined) return parts[0]
    return parts[0] + escapeValue(node.uname) + parts[1] + escapeValue(node.id) + parts[2]
  }

  #rest(action: Action): string {
    let text = ''
    for (const element of this.#forms.rest(action)) text += formatXml(element, partDepth)
    return text
  }
}

function pairsText(flat: readonly string[]): string {
  let text = ''
  for (let i = 0; i < flat.length; i += 2) text += ` ${flat[i]}="${escapeValue(flat[i + 1] as string)}"`
  return text
}

function partsOf({ flat, nameAt, idAt, children }: AttributesForm): FormParts {
  const parts: [string, string, string] = ['        <attributes', '', '']
  let at = 0
  for (let i = 0; i < flat.length; i += 2) {
    parts[at] += ` ${flat[i]}="`
    if (i + 1 === nameAt || i + 1 === idAt) at += 1
    else parts[at] += escapeValue(flat[i + 1] as string)
    parts[at] += '"'
  }
  const parameters = children.map((child) => formatXml(child, parameterDepth)).join('')
  parts[at] += parameters === '' ? '/>\n' : `>\n${parameters}        </attributes>\n`
  return parts
}
