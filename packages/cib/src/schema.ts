import { attr, isComment, type XmlElement } from '@quorate/xml'
import { elementRulesOf, goneNamesIn } from './schema-history.ts'
import { isSchemaClaim, schemaNumber } from './schema-name.ts'
import { type Count, type ElementRule, goneStacks, type Shape, type ValueRule } from './schema-table.ts'

/** One thing in which a CIB does not conform, with the address of its element. */
export type SchemaFault = {
  readonly path: string
  readonly reason: string
  /** The element, by which a shell that kept the lines of a file finds its line. */
  readonly element: XmlElement
}

/** Faults that are listed before looking for more stops. */
export const schemaFaultsMax = 20

/** First schema in which a range of dates may have a start only, or an end and a duration. */
const firstWithOpenRanges = 309

/** From this schema on options have the same rules as the sets of resources. */
const firstWithEvenOptions = 300

/** Sections of options, whose sets stayed as they had been when those of resources learned more. */
const optionSections = /^\/cib\/configuration\/(crm_config|rsc_defaults|op_defaults)\b/

/** The schema that brought expressions about resources and operations, to rules of most sections. */
const firstWithResourceExpressions = 304
const resourceExpressions: ReadonlySet<string> = new Set(['rsc_expression', 'op_expression'])
/** Sections whose rules learned them a schema later. */
const laterSections = /^\/cib\/configuration\/(constraints|alerts)\b/

/** Whether a CIB conforms to the schema that it claims. */
export function isValidCib(cib: XmlElement): boolean {
  return cibFaultsIn(cib, 1).length === 0
}

/**
 * In what a CIB does not conform to the schema that it claims in `validate-with`: elements, attributes and values
 * (schemas 1.0 to 3.9), ids that are not unique, references to nothing. `none` allows everything.
 */
export function cibFaultsIn(cib: XmlElement, faultsMax = schemaFaultsMax): readonly SchemaFault[] {
  const claimed = attr(cib, 'validate-with')
  if (claimed === 'none') return []
  if (cib.name !== 'cib') return [{ path: `/${cib.name}`, reason: `expected an element 'cib'`, element: cib }]
  const schema = schemaNumber(claimed)
  if (schema === undefined) {
    return [{ path: '/cib', reason: `validate-with='${claimed ?? ''}' is no schema that is known`, element: cib }]
  }
  return checked(cib, schema, faultsMax)
}

/** Whether a CIB conforms to the schema of that number, whichever it claims. */
export function conformsTo(cib: XmlElement, schema: number): boolean {
  return (
    cib.name === 'cib' && isSchemaClaim(attr(cib, 'validate-with') ?? 'none') && checked(cib, schema, 1).length === 0
  )
}

function checked(cib: XmlElement, schema: number, faultsMax: number): readonly SchemaFault[] {
  const check = new Check(cib, schema, faultsMax)
  check.element(cib, '/cib', '')
  check.references()
  return check.faults
}

class Check {
  readonly faults: SchemaFault[] = []
  readonly #schema: number
  readonly #rules: Readonly<Record<string, ElementRule>>
  readonly #faultsMax: number
  /** The element that is being checked. */
  #at: XmlElement
  readonly #ids = new Set<string>()
  readonly #references: {
    readonly id: string
    readonly path: string
    readonly name: string
    readonly element: XmlElement
  }[] = []

  constructor(cib: XmlElement, schema: number, faultsMax: number) {
    this.#at = cib
    this.#schema = schema
    this.#rules = elementRulesOf(schema)
    this.#faultsMax = faultsMax
  }

  #add(path: string, reason: string, element = this.#at): void {
    if (this.faults.length < this.#faultsMax) this.faults.push({ path, reason, element })
  }

  element(node: XmlElement, path: string, parent: string): void {
    if (this.faults.length >= this.#faultsMax) return
    this.#at = node
    const rule = own(this.#rules, node.name)
    if (rule === undefined) {
      this.#add(path, `there is no element '${node.name}'`)
      return
    }
    if (rule.since !== undefined && rule.since > this.#schema) {
      this.#add(path, `this schema has no element '${node.name}' yet`)
    }
    this.#attributes(node, rule, path)
    this.#children(node, rule, path)
    this.#shape(node, rule, path)
    this.#special(node, path, parent)
    this.#below(node, path)
  }

  #below(node: XmlElement, path: string): void {
    for (const item of node.children) {
      if (isComment(item) || item.name === 'status') continue
      this.element(item, `${path}/${nameOf(item)}`, node.name)
    }
  }

  #attributes(node: XmlElement, rule: ElementRule, path: string): void {
    const { types, required } = readyRule(rule)
    for (let i = 0; i < node.attributes.length; i += 2) {
      const name = node.attributes[i] as string
      const value = node.attributes[i + 1] as string
      const type = types.get(name)
      if (type === undefined) {
        this.#add(path, `attribute '${name}' is not allowed here`)
      } else if (type !== 'text') this.#value(type, name, value, path)
    }
    for (const name of required) {
      if (attr(node, name) === undefined) this.#add(path, `attribute '${name}' is missing`)
    }
  }

  #value(type: ValueRule, name: string, value: string, path: string): void {
    if (type === 'text') return
    if (type === 'ID' || type === 'IDREF') {
      const isPlain = plainName.test(value)
      const id = isPlain ? value : value.trim()
      if (!isPlain && !isName(value)) this.#add(path, `${name}='${value}' is no name as ids have to be`)
      else if (type === 'IDREF') this.#references.push({ id, path, name, element: this.#at })
      else if (this.#ids.has(id)) this.#add(path, `id '${value}' is used twice`)
      else this.#ids.add(id)
      return
    }
    if (typeof type !== 'string') {
      if (!value.includes('@') && type.includes(value)) return
      const words = type.filter((word) => sinceOf(word) <= this.#schema).map((word) => word.replace(/@.*/, ''))
      if (!words.includes(value.trim().replace(/\s+/g, ' '))) {
        this.#add(path, `${name}='${value}': expected one of ${words.join(', ')}`)
      }
    } else if (!patterns[type].test(value)) this.#add(path, `${name}='${value}': expected ${expectations[type]}`)
  }

  #children(node: XmlElement, rule: ElementRule, path: string): void {
    const { counts, order, needsChild } = readyRule(rule)
    if (node.children.length === 0 && !needsChild) return
    const seen = new Map<string, number>()
    let reached = 0
    for (const item of node.children) {
      if (isComment(item)) continue
      const at = order.indexOf(item.name)
      if (at < 0) {
        this.#add(`${path}/${nameOf(item)}`, `element '${item.name}' is not allowed inside '${node.name}'`, item)
        continue
      }
      if (rule.isOrdered === true && at < reached)
        this.#add(`${path}/${nameOf(item)}`, `element '${item.name}' comes too late`, item)
      reached = Math.max(reached, at)
      seen.set(item.name, (seen.get(item.name) ?? 0) + 1)
    }
    for (const [name, count] of counts) this.#count(name, count, seen.get(name) ?? 0, path)
  }

  #count(name: string, count: Count, found: number, path: string): void {
    if ((count === '1' || count === '+') && found === 0) this.#add(path, `element '${name}' is missing inside`)
    if ((count === '1' || count === '?') && found > 1) this.#add(path, `element '${name}' may stand here once only`)
  }

  #shape(node: XmlElement, rule: ElementRule, path: string): void {
    const shapes = rule.shapes
    if (shapes === undefined) return
    const { governed, fitting } = readyRule(rule)
    let has = ''
    for (let i = 0; i < node.attributes.length; i += 2) {
      const name = node.attributes[i] as string
      if (governed.has(name)) has += `${name} `
    }
    let last = ''
    for (const { name } of node.children) {
      if (name !== last && governed.has(`<${name}>`)) has += `<${name}> `
      last = name
    }
    let isFit = fitting.get(has)
    if (isFit === undefined) {
      const present = new Set(has.split(' ').slice(0, -1))
      isFit = shapes.some((shape) => fits(present, shape))
      if (fitting.size < fittingMax) fitting.set(has, isFit)
    }
    if (!isFit) {
      const texts = shapes.filter((shape) => shape.needs.length > 0).map((shape) => shape.needs.join(' and '))
      this.#add(path, `expected ${[...new Set(texts)].join(', or ')} (and nothing that belongs to another of these)`)
    }
  }

  #resourceExpression(node: XmlElement, path: string): void {
    if (this.#schema !== firstWithResourceExpressions || !resourceExpressions.has(node.name)) return
    const section = laterSections.exec(path)?.[1]
    if (section !== undefined) this.#add(path, `rules of ${section} have no '${node.name}' in this schema yet`)
  }

  /** Rules that look at values: date expressions, OCF providers, names that are no longer used. */
  #special(node: XmlElement, path: string, parent: string): void {
    if (node.name === 'date_expression') this.#date(node, path)
    if (node.name === 'primitive' || node.name === 'template') {
      const isOcf = attr(node, 'class') === 'ocf'
      if (isOcf !== (attr(node, 'provider') !== undefined)) {
        this.#add(path, isOcf ? `class 'ocf' needs a provider` : `only class 'ocf' has a provider`)
      }
    }
    this.#resourceExpression(node, path)
    this.#olderOptions(node, path)
    const gone = goneNamesIn(this.#schema, node.name, parent)
    if (gone === undefined) return
    for (const item of node.children) {
      if (attr(item, 'id-ref') !== undefined) continue
      const name = attr(item, 'name') ?? ''
      if (gone.has(name)) this.#add(`${path}/${nameOf(item)}`, `name '${name}' is no longer used`, item)
      const stack = attr(item, 'value')
      const isGoneStack = name === 'cluster-infrastructure' && (stack === undefined || goneStacks.has(stack))
      if (isGoneStack && node.name === 'cluster_property_set')
        this.#add(path, 'cluster-infrastructure needs a value that is still in use')
    }
  }

  /** What older schemas allow in the sets of resources and nodes, but not in those of options. */
  #olderOptions(node: XmlElement, path: string): void {
    if (this.#schema >= firstWithEvenOptions || !optionSections.test(path)) return
    const name = node.name === 'nvpair' ? 'id-ref' : node.name === 'expression' ? 'value-source' : undefined
    if (name === undefined || attr(node, name) === undefined) return
    this.#add(path, `attribute '${name}' is not allowed in options`)
  }

  #date(node: XmlElement, path: string): void {
    const [start, end] = [attr(node, 'start') !== undefined, attr(node, 'end') !== undefined]
    const [duration, spec] = ['duration', 'date_spec'].map((name) => node.children.some((item) => item.name === name))
    const operation = attr(node, 'operation')
    const isRange = this.#schema < firstWithOpenRanges ? (duration ? start && !end : end) : start || end
    const isRight =
      (operation === 'in_range' && isRange && !spec) ||
      (operation === 'gt' && start && !end && !duration && !spec) ||
      (operation === 'lt' && end && !start && !duration && !spec) ||
      (operation === 'date_spec' && spec && !start && !end && !duration)
    if (!isRight) this.#add(path, `operation '${operation}' does not go with these attributes and elements`)
  }

  references(): void {
    for (const { id, path, name, element } of this.#references) {
      if (!this.#ids.has(id)) this.#add(path, `${name}='${id}' refers to nothing`, element)
    }
  }
}

/** A rule with what is asked of it for every element worked out once. */
type ReadyRule = {
  readonly types: ReadonlyMap<string, ValueRule>
  readonly required: readonly string[]
  readonly counts: readonly (readonly [name: string, count: Count])[]
  readonly order: readonly string[]
  /** Whether an element without children can be wrong. */
  readonly needsChild: boolean
  /** Attributes and children of which the shapes speak. */
  readonly governed: ReadonlySet<string>
  /** Whether some shape allows them together, by what of them an element has. */
  readonly fitting: Map<string, boolean>
}

/** Combinations that are remembered for a rule; a document can have any number. */
const fittingMax = 256

const readyRules = new WeakMap<ElementRule, ReadyRule>()

function readyRule(rule: ElementRule): ReadyRule {
  const known = readyRules.get(rule)
  if (known !== undefined) return known
  const attributes = Object.entries(rule.attributes)
  const counts = Object.entries(rule.children ?? {})
  const made: ReadyRule = {
    types: new Map(attributes.map(([name, type]) => [name.replace(/!$/, ''), type])),
    required: attributes.filter(([name]) => name.endsWith('!')).map(([name]) => name.slice(0, -1)),
    counts,
    order: counts.map(([name]) => name),
    needsChild: counts.some(([, count]) => count === '1' || count === '+'),
    governed: new Set(rule.shapes?.flatMap((shape) => [...shape.needs, ...(shape.may ?? [])])),
    fitting: new Map(),
  }
  readyRules.set(rule, made)
  return made
}

function own<T>(of: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined
}

function nameOf(node: XmlElement): string {
  const id = attr(node, 'id')
  return id === undefined ? node.name : `${node.name}[@id='${id}']`
}

function fits(present: ReadonlySet<string>, shape: Shape): boolean {
  if (!shape.needs.every((name) => present.has(name))) return false
  for (const name of present) if (!shape.needs.includes(name) && shape.may?.includes(name) !== true) return false
  return true
}

function sinceOf(word: string): number {
  const at = word.indexOf('@')
  return at < 0 ? 0 : Number(word.slice(at + 1))
}

/** The names that nearly all ids are. */
const plainName = /^[A-Za-z_][A-Za-z0-9._-]*$/

/** An NCName (Namespaces in XML, 4), with white space around it forgiven as XML Schema does. */
function isName(value: string): boolean {
  return /^\s*[\p{L}_][\p{L}\p{N}\p{M}._\u00b7-]*\s*$/u.test(value)
}

type Pattern = Exclude<ValueRule, readonly string[] | 'text' | 'ID' | 'IDREF'>

const patterns: Readonly<Record<Pattern, RegExp>> = {
  integer: /^\s*[+-]?\d+\s*$/,
  nonNegative: /^\s*(\+?\d+|-0+)\s*$/,
  positive: /^\s*\+?0*[1-9]\d*\s*$/,
  boolean: /^\s*(true|false|0|1)\s*$/,
  score: /^\s*([+-]?\d+|[+-]?INFINITY)\s*$/,
  devices: /^[a-zA-Z0-9_.-]+(,[a-zA-Z0-9_.-]+)*$/,
  ports: /^[0-9-]+$/,
}

const expectations: Readonly<Record<Pattern, string>> = {
  integer: 'a whole number',
  nonNegative: 'a whole number from 0',
  positive: 'a whole number from 1',
  boolean: 'true or false',
  score: 'a whole number, INFINITY or -INFINITY',
  devices: 'ids with commas between them',
  ports: 'port numbers with a dash between them',
}
