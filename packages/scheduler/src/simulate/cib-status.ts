import {
  attr,
  attributePairs,
  child,
  element,
  idOf,
  isComment,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import type { LogLine } from '../model/model.ts'
import { CibVersion } from './cib-version.ts'
import { hasRepeats, mergedState } from './merge-state.ts'

type History = {
  readonly attributes: Map<string, string>
  /** Entries by id, in document order; the second of an id and what is no entry stand under keys of no entry. */
  readonly operations: Map<string, XmlElement>
}

type Lrm = {
  readonly attributes: Map<string, string>
  /** Attributes of the list of resources. */
  readonly list: Map<string, string>
  /** In document order, with the comments between them; ids may repeat, and those that do are not found again, as the C program has it. */
  readonly histories: (History | XmlElement)[]
  readonly byId: Map<string, History[]>
  /** What stands in it besides the list of resources, before that and after it. */
  readonly before: readonly XmlElement[]
  readonly rest: readonly XmlElement[]
}

type State = {
  readonly attributes: Map<string, string>
  lrm: Lrm | undefined
  transient: XmlElement | undefined
  /** Its children in document order; the history and the transient attributes by what they are called here. */
  layout: (XmlElement | 'lrm' | 'transient')[]
  /** Whether ids are repeated in it, so that what is written over it is not all that there is then. */
  readonly hasRepeats: boolean
  /** Whether another has its id: changes go into the first of them. */
  sharesId: boolean
}

/** How changes are written into a status section. */
export type StatusRules = {
  /** Whether nodes that something is changed of get an entry in the configuration where they have none. */
  readonly entersNodes?: boolean
  /** Whether no state is changed that shares its name with another: the C program ends there. */
  readonly refusesNamesakes?: boolean
}

/** What was to be changed of a node whose name several states have. */
export class AmbiguousState extends Error {
  /** As the tools log it. */
  readonly remark: LogLine

  constructor(uname: string) {
    const text = `Detected multiple node_state entries for xpath=//node_state[@uname='${uname}'], bailing`
    super(text)
    this.name = 'AmbiguousState'
    this.remark = { kind: 'error', source: 'pcmk__inject_node', text }
  }
}

/** The status section of a CIB while a simulation changes it. */
export class SimulatedStatus {
  readonly #cib: XmlElement
  readonly #states: State[] = []
  readonly #byName = new Map<string, State>()
  readonly #byId = new Map<string, State>()
  readonly #refusesNamesakes: boolean
  /** Names of several states, none of which may be changed. */
  readonly #refused = new Set<string>()
  /** Children of the section in document order. */
  readonly #layout: (XmlElement | State)[] = []
  readonly #entersNodes: boolean
  /** Names and ids of nodes that something was changed of, in the order in which it was. */
  readonly #touched = new Map<string, string>()
  /** Names of the nodes that the configuration has an entry for. */
  readonly #entered: Set<string>
  readonly #version: CibVersion

  constructor(cib: XmlElement, { entersNodes, refusesNamesakes }: StatusRules = {}) {
    this.#cib = cib
    this.#entersNodes = entersNodes === true
    this.#refusesNamesakes = refusesNamesakes === true
    this.#version = new CibVersion(cib)
    const configuration = child(cib, 'configuration')
    const nodes = configuration === undefined ? undefined : child(configuration, 'nodes')
    this.#entered = new Set(nodes?.children.map((node) => attr(node, 'uname') ?? ''))
    for (const item of child(cib, 'status')?.children ?? []) {
      if (item.name !== 'node_state') this.#layout.push(item)
      else this.#add(readState(item))
    }
  }

  #add(state: State): State {
    this.#states.push(state)
    this.#layout.push(state)
    this.#enterName(state)
    const id = state.attributes.get('id') ?? ''
    const first = this.#byId.get(id)
    if (first === undefined) this.#byId.set(id, state)
    else {
      state.sharesId = true
      first.sharesId = true
    }
    return state
  }

  #enterName(state: State): void {
    const name = state.attributes.get('uname') ?? ''
    if (!this.#byName.has(name)) this.#byName.set(name, state)
    else if (this.#refusesNamesakes) this.#refused.add(name)
  }

  /**
   * Writes a changed state over what it was before, where that is more than to have it: into the first of its id, which
   * gets its name then.
   */
  #settle(state: State, before: XmlElement | undefined): void {
    if (before === undefined) return
    const now = writeState(state)
    const target = this.#byId.get(state.attributes.get('id') ?? '') ?? state
    if (target === state) return restore(state, mergedState(before, now))
    restore(target, mergedState(writeState(target), now))
    restore(state, before)
    this.#byName.clear()
    this.#refused.clear()
    for (const item of this.#states) this.#enterName(item)
  }

  /** The state of a node; made where there is none. @throws AmbiguousState */
  node(uname: string, id: string): State {
    if (this.#refused.has(uname)) throw new AmbiguousState(uname)
    this.#touched.set(uname, id)
    if (this.#entersNodes && !this.#entered.has(uname)) {
      this.#entered.add(uname)
      this.#version.configurationChanged()
    }
    const known = this.#byName.get(uname)
    if (known !== undefined) return known
    this.#version.statusChanged()
    const attributes = new Map([
      ['id', id],
      ['uname', uname],
    ])
    return this.#add({
      attributes,
      lrm: undefined,
      transient: undefined,
      layout: [],
      hasRepeats: false,
      sharesId: false,
    })
  }

  /** Sets attributes of a node's state. @param origin who says so */
  setNode(uname: string, id: string, attributes: Readonly<Record<string, string>>, origin = 'crm_simulate'): void {
    const state = this.node(uname, id)
    const before = versionOf(state)
    let isChanged = false
    for (const [name, value] of Object.entries({ ...attributes, 'crm-debug-origin': origin })) {
      isChanged ||= state.attributes.get(name) !== value
      state.attributes.set(name, value)
    }
    this.#settle(state, before)
    if (isChanged) this.#version.statusChanged()
  }

  /** Forgets what ran on nodes of that name, and their transient attributes. */
  clearNode(uname: string): void {
    for (const state of this.#states) {
      if (state.attributes.get('uname') !== uname) continue
      for (const part of ['lrm', 'transient'] as const) {
        if (state[part] === undefined) continue
        state[part] = undefined
        state.layout.splice(state.layout.indexOf(part), 1)
        this.#version.statusChanged()
      }
    }
  }

  /**
   * Changes a transient attribute of a node. It is looked for under the id that the C program gives it, not by name.
   *
   * @param change its value from the one that it has
   */
  setTransient(uname: string, id: string, name: string, change: (before: string | undefined) => string): void {
    const state = this.node(uname, id)
    const old = versionOf(state)
    if (state.transient === undefined) {
      state.transient = element('transient_attributes', { id })
      state.layout.push('transient')
    }
    const whole = state.transient
    const set = child(whole, 'instance_attributes')
    const made = withPair(set ?? element('instance_attributes', { id }), name, change)
    state.transient = withChildren(
      whole,
      set === undefined ? [...whole.children, made] : whole.children.map((item) => (item === set ? made : item)),
    )
    this.#settle(state, old)
  }

  /** Whether there is anything in the state of a ticket: the C program takes that for several states. */
  isFilledTicket(id: string): boolean {
    const tickets = this.#layout.find((item): item is XmlElement => !('layout' in item) && item.name === 'tickets')
    return (tickets?.children.find((item) => idOf(item) === id)?.children.length ?? 0) > 0
  }

  /** Sets attributes of a ticket; made where it is not known. */
  setTicket(id: string, changes: Readonly<Record<string, string>>): void {
    const at = this.#layout.findIndex((item) => !('layout' in item) && item.name === 'tickets')
    const tickets = (this.#layout[at] as XmlElement | undefined) ?? element('tickets')
    const known = tickets.children.find((item) => idOf(item) === id)
    if (known !== undefined && Object.entries(changes).every(([name, value]) => attr(known, name) === value)) return
    const made = withAttributes(known ?? element('ticket_state', { id }), changes)
    const children =
      known === undefined ? [...tickets.children, made] : tickets.children.map((item) => (item === known ? made : item))
    if (at >= 0) this.#layout[at] = withChildren(tickets, children)
    else this.#layout.push(withChildren(tickets, children))
    this.#version.statusChanged()
  }

  /** True where a node has a history under one of the names. */
  knows(uname: string, id: string, names: readonly string[]): boolean {
    const { lrm } = this.node(uname, id)
    return names.some((name) => lrm?.byId.get(name)?.length === 1)
  }

  /**
   * Changes the history of a resource on a node: under one of the names where there is one, else made under the last.
   *
   * @param agent class, provider and type
   */
  changeHistory(
    uname: string,
    id: string,
    names: readonly string[],
    agent: Readonly<Record<string, string | undefined>>,
    change: (operations: Map<string, XmlElement>) => void,
  ): void {
    const state = this.node(uname, id)
    const before = versionOf(state)
    if (state.lrm === undefined) {
      const attributes = new Map([['id', state.attributes.get('id') ?? id]])
      state.lrm = { attributes, list: new Map(), histories: [], byId: new Map(), before: [], rest: [] }
      state.layout.push('lrm')
    }
    change(historyOf(state.lrm, names, agent).operations)
    this.#settle(state, before)
    this.#version.statusChanged()
  }

  /** The CIB with the status as it is now. */
  cib(): XmlElement {
    const status = element(
      'status',
      {},
      this.#layout.map((item) => ('layout' in item ? writeState(item) : item)),
    )
    const cib = this.#entersNodes ? withNodes(this.#cib, this.#touched) : this.#cib
    const { children } = cib
    return withAttributes(
      withChildren(
        cib,
        children.some((item) => item.name === 'status')
          ? children.map((item) => (item.name === 'status' ? status : item))
          : [...children, status],
      ),
      this.#version.changes(),
    )
  }
}

function historyOf(lrm: Lrm, names: readonly string[], agent: Readonly<Record<string, string | undefined>>): History {
  for (const name of names) {
    const known = lrm.byId.get(name)
    if (known?.length === 1 && known[0] !== undefined) return known[0]
  }
  const made: History = { attributes: new Map(), operations: new Map() }
  made.attributes.set('id', names[names.length - 1] ?? '')
  for (const [key, value] of Object.entries(agent)) if (value !== undefined) made.attributes.set(key, value)
  lrm.histories.push(made)
  enter(lrm.byId, made)
  return made
}

/** A set of attributes with one of them changed, or added under an id of the C program's making. */
function withPair(set: XmlElement, name: string, change: (before: string | undefined) => string): XmlElement {
  const id = `${idOf(set)}-${name.replace(/[:#]/g, '.')}`
  const known = set.children.find((item) => idOf(item) === id)
  const made =
    known === undefined
      ? element('nvpair', { id, name, value: change(undefined) })
      : withAttributes(known, { value: change(attr(known, 'value')) })
  return withChildren(
    set,
    known === undefined ? [...set.children, made] : set.children.map((item) => (item === known ? made : item)),
  )
}

/** The CIB with entries for nodes, by name and id, that have none: remote nodes become cluster nodes by that. */
export function withNodes(cib: XmlElement, nodes: ReadonlyMap<string, string>): XmlElement {
  const configuration = child(cib, 'configuration') ?? element('configuration')
  const section = child(configuration, 'nodes') ?? element('nodes')
  const known = new Set(section.children.map((node) => attr(node, 'uname')))
  const made = [...nodes].filter(([uname]) => !known.has(uname)).map(([uname, id]) => element('node', { id, uname }))
  if (made.length === 0) return cib
  const put = (of: XmlElement, old: XmlElement, now: XmlElement): XmlElement =>
    withChildren(
      of,
      of.children.includes(old) ? of.children.map((item) => (item === old ? now : item)) : [...of.children, now],
    )
  return put(cib, configuration, put(configuration, section, withChildren(section, [...section.children, ...made])))
}

function enter(byId: Map<string, History[]>, made: History): void {
  const id = made.attributes.get('id') ?? ''
  const known = byId.get(id)
  if (known === undefined) byId.set(id, [made])
  else known.push(made)
}

function readState(xml: XmlElement): State {
  const lrm = child(xml, 'lrm')
  const transient = child(xml, 'transient_attributes')
  return {
    attributes: new Map(attributePairs(xml)),
    lrm: lrm === undefined ? undefined : readLrm(lrm),
    transient,
    layout: xml.children.map((item) => (item === lrm ? 'lrm' : item === transient ? 'transient' : item)),
    hasRepeats: hasRepeats(xml),
    sharesId: false,
  }
}

function readLrm(xml: XmlElement): Lrm {
  const list = child(xml, 'lrm_resources')
  const histories: (History | XmlElement)[] = []
  const byId = new Map<string, History[]>()
  for (const item of list?.children ?? []) {
    if (isComment(item)) {
      histories.push(item)
      continue
    }
    const operations = new Map<string, XmlElement>()
    item.children.forEach((entry, i) => {
      const isFirst = entry.name === 'lrm_rsc_op' && !operations.has(idOf(entry))
      operations.set(isFirst ? idOf(entry) : `\0${i}`, entry)
    })
    const history = { attributes: new Map(attributePairs(item)), operations }
    histories.push(history)
    enter(byId, history)
  }
  const at = list === undefined ? 0 : xml.children.indexOf(list)
  return {
    attributes: new Map(attributePairs(xml)),
    list: new Map(list === undefined ? [] : attributePairs(list)),
    histories,
    byId,
    before: xml.children.slice(0, at),
    rest: xml.children.slice(at + (list === undefined ? 0 : 1)),
  }
}

/** What is to be written over; undefined where ids stand for one thing each, so that what is written is what there is then. */
function versionOf(state: State): XmlElement | undefined {
  return state.hasRepeats || state.sharesId ? writeState(state) : undefined
}

function restore(state: State, xml: XmlElement): void {
  const { attributes, lrm, transient, layout } = readState(xml)
  state.attributes.clear()
  for (const [name, value] of attributes) state.attributes.set(name, value)
  Object.assign(state, { lrm, transient, layout })
}

function writeState(state: State): XmlElement {
  const children = state.layout.flatMap((item) => {
    if (typeof item !== 'string') return [item]
    const part = item === 'lrm' ? state.lrm && writeLrm(state.lrm) : state.transient
    return part === undefined ? [] : [part]
  })
  return element('node_state', Object.fromEntries(state.attributes), children)
}

function writeLrm({ attributes, list, histories, before, rest }: Lrm): XmlElement {
  const written = histories.map((item) =>
    'operations' in item
      ? element('lrm_resource', Object.fromEntries(item.attributes), [...item.operations.values()])
      : item,
  )
  return element('lrm', Object.fromEntries(attributes), [
    ...before,
    element('lrm_resources', Object.fromEntries(list), written),
    ...rest,
  ])
}
