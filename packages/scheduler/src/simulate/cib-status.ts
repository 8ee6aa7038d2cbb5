import { attr, attributePairs, child, element, idOf, withChildren, type XmlElement } from '@quorate/xml'

type History = {
  readonly attributes: Map<string, string>
  readonly operations: Map<string, XmlElement>
  readonly rest: XmlElement[]
}

type State = {
  readonly attributes: Map<string, string>
  /** Attributes of the `lrm` element; undefined where there is none. */
  lrm: Map<string, string> | undefined
  /** In document order; ids may repeat, and those that do are not found again, as the C program has it. */
  readonly histories: History[]
  readonly byId: Map<string, History[]>
  transient: Map<string, string> | undefined
  readonly rest: XmlElement[]
}

/** The status section of a CIB while a simulation changes it. */
export class SimulatedStatus {
  readonly #cib: XmlElement
  readonly #states: State[] = []
  readonly #byName = new Map<string, State>()
  readonly #others: XmlElement[] = []
  readonly #entersNodes: boolean
  /** Names and ids of nodes that something was changed of, in the order in which it was. */
  readonly #touched = new Map<string, string>()

  /** @param entersNodes whether nodes that something is changed of get an entry in the configuration where they have none */
  constructor(cib: XmlElement, entersNodes = false) {
    this.#cib = cib
    this.#entersNodes = entersNodes
    for (const item of child(cib, 'status')?.children ?? []) {
      if (item.name !== 'node_state') this.#others.push(item)
      else this.#add(readState(item))
    }
  }

  #add(state: State): State {
    this.#states.push(state)
    const name = state.attributes.get('uname') ?? ''
    if (!this.#byName.has(name)) this.#byName.set(name, state)
    return state
  }

  /** The state of a node; made where there is none. */
  node(uname: string, id: string): State {
    this.#touched.set(uname, id)
    return (
      this.#byName.get(uname) ??
      this.#add({
        attributes: new Map([
          ['id', id],
          ['uname', uname],
        ]),
        lrm: undefined,
        histories: [],
        byId: new Map(),
        transient: undefined,
        rest: [],
      })
    )
  }

  /** Sets attributes of a node's state. */
  setNode(uname: string, id: string, attributes: Readonly<Record<string, string>>): void {
    const state = this.node(uname, id)
    for (const [name, value] of Object.entries(attributes)) state.attributes.set(name, value)
    state.attributes.set('crm-debug-origin', 'crm_simulate')
  }

  /** Forgets what ran on a node, and its transient attributes. */
  clearNode(uname: string, id: string): void {
    const state = this.node(uname, id)
    state.lrm = undefined
    state.histories.length = 0
    state.byId.clear()
    state.transient = undefined
  }

  /** Value of a transient attribute of a node. */
  transient(uname: string, id: string, name: string): string | undefined {
    return this.node(uname, id).transient?.get(name)
  }

  setTransient(uname: string, id: string, name: string, value: string): void {
    const state = this.node(uname, id)
    state.transient ??= new Map()
    state.transient.set(name, value)
  }

  /** Sets attributes of a ticket; made where it is not known. */
  setTicket(id: string, changes: Readonly<Record<string, string>>): void {
    const at = this.#others.findIndex((item) => item.name === 'tickets')
    const tickets = this.#others[at] ?? element('tickets')
    const known = tickets.children.find((item) => idOf(item) === id)
    const attributes: Record<string, string> = { id }
    for (const [name, value] of known === undefined ? [] : attributePairs(known)) attributes[name] = value
    const made = element('ticket_state', { ...attributes, ...changes })
    const children =
      known === undefined ? [...tickets.children, made] : tickets.children.map((item) => (item === known ? made : item))
    if (at >= 0) this.#others[at] = withChildren(tickets, children)
    else this.#others.push(withChildren(tickets, children))
  }

  /** True where a node has a history under one of the names. */
  knows(uname: string, id: string, names: readonly string[]): boolean {
    const state = this.node(uname, id)
    return names.some((name) => state.byId.get(name)?.length === 1)
  }

  /**
   * The history of a resource on a node: under one of the names where there is one, else made under the last.
   *
   * @param agent class, provider and type
   */
  history(
    uname: string,
    id: string,
    names: readonly string[],
    agent: Readonly<Record<string, string | undefined>>,
  ): History {
    const state = this.node(uname, id)
    state.lrm ??= new Map([['id', state.attributes.get('id') ?? id]])
    for (const name of names) {
      const known = state.byId.get(name)
      if (known?.length === 1 && known[0] !== undefined) return known[0]
    }
    const made: History = { attributes: new Map(), operations: new Map(), rest: [] }
    const name = names[names.length - 1] ?? ''
    made.attributes.set('id', name)
    for (const [key, value] of Object.entries(agent)) if (value !== undefined) made.attributes.set(key, value)
    state.histories.push(made)
    enter(state.byId, made)
    return made
  }

  /** The CIB with the status as it is now. */
  cib(): XmlElement {
    const status = element('status', {}, [...this.#states.map(writeState), ...this.#others])
    const cib = this.#entersNodes ? withNodes(this.#cib, this.#touched) : this.#cib
    const { children } = cib
    return withChildren(
      cib,
      children.some((item) => item.name === 'status')
        ? children.map((item) => (item.name === 'status' ? status : item))
        : [...children, status],
    )
  }
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
  const histories: History[] = []
  const byId = new Map<string, History[]>()
  for (const item of (lrm === undefined ? undefined : child(lrm, 'lrm_resources'))?.children ?? []) {
    const operations = new Map<string, XmlElement>()
    const rest: XmlElement[] = []
    for (const entry of item.children) {
      if (entry.name === 'lrm_rsc_op' && !operations.has(idOf(entry))) operations.set(idOf(entry), entry)
      else rest.push(entry)
    }
    const history = { attributes: new Map(attributePairs(item)), operations, rest }
    histories.push(history)
    enter(byId, history)
  }
  const sets = transient?.children.filter((item) => item.name === 'instance_attributes') ?? []
  const plain = sets.every((set) =>
    set.children.every((item) => item.name === 'nvpair' && attr(item, 'name') !== undefined),
  )
  const values = new Map<string, string>()
  if (plain) {
    for (const set of sets)
      for (const pair of set.children) values.set(attr(pair, 'name') ?? '', attr(pair, 'value') ?? '')
  }
  return {
    attributes: new Map(attributePairs(xml)),
    lrm: lrm === undefined ? undefined : new Map(attributePairs(lrm)),
    histories,
    byId,
    transient: transient === undefined || !plain ? undefined : values,
    rest: xml.children.filter((item) => item !== lrm && (item !== transient || !plain)),
  }
}

function writeState(state: State): XmlElement {
  const children: XmlElement[] = [...state.rest]
  const id = state.attributes.get('id') ?? ''
  if (state.transient !== undefined) {
    const pairs = [...state.transient].map(([name, value]) =>
      element('nvpair', { id: `status-${id}-${name}`, name, value }),
    )
    children.push(
      element('transient_attributes', { id }, [element('instance_attributes', { id: `status-${id}` }, pairs)]),
    )
  }
  if (state.lrm !== undefined) {
    const histories = state.histories.map((item) =>
      element('lrm_resource', Object.fromEntries(item.attributes), [...item.operations.values(), ...item.rest]),
    )
    children.push(element('lrm', Object.fromEntries(state.lrm), [element('lrm_resources', {}, histories)]))
  }
  return element('node_state', Object.fromEntries(state.attributes), children)
}
