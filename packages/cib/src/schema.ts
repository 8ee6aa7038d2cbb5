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
    for (let i = 0; i < node.attributes.length; i += 2) {
      const name = node.attributes[i] as string
      const value = node.attributes[i + 1] as string
      const type = own(rule.attributes, name) ?? own(rule.attributes, `${name}!`)
      if (type === undefined) {
        this.#add(path, `attribute '${name}' is not allowed here`)
      } else this.#value(type, name, value, path)
    }
    for (const name of Object.keys(rule.attributes)) {
      if (!name.endsWith('!')) continue
      if (attr(node, name.slice(0, -1)) === undefined) this.#add(path, `attribute '${name.slice(0, -1)}' is missing`)
    }
  }

  #value(type: ValueRule, name: string, value: string, path: string): void {
    if (type === 'text') return
    if (type === 'ID' || type === 'IDREF') {
      if (!isName(value)) this.#add(path, `${name}='${value}' is no name as ids have to be`)
      else if (type === 'IDREF') this.#references.push({ id: value.trim(), path, name, element: this.#at })
      else if (this.#ids.has(value.trim())) this.#add(path, `id '${value}' is used twice`)
      else this.#ids.add(value.trim())
      return
    }
    if (typeof type !== 'string') {
      const words = type.filter((word) => sinceOf(word) <= this.#schema).map((word) => word.replace(/@.*/, ''))
      if (!words.includes(value.trim().replace(/\s+/g, ' '))) {
        this.#add(path, `${name}='${value}': expected one of ${words.join(', ')}`)
      }
    } else if (!patterns[type].test(value)) this.#add(path, `${name}='${value}': expected ${expectations[type]}`)
  }

  #children(node: XmlElement, rule: ElementRule, path: string): void {
    const allowed = rule.children ?? {}
    const seen = new Map<string, number>()
    const order = Object.keys(allowed)
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
    for (const [name, count] of Object.entries(allowed)) this.#count(name, count, seen.get(name) ?? 0, path)
  }

  #count(name: string, count: Count, found: number, path: string): void {
    if ((count === '1' || count === '+') && found === 0) this.#add(path, `element '${name}' is missing inside`)
    if ((count === '1' || count === '?') && found > 1) this.#add(path, `element '${name}' may stand here once only`)
  }

  #shape(node: XmlElement, rule: ElementRule, path: string): void {
    const shapes = rule.shapes
    if (shapes === undefined) return
    const governed = new Set(shapes.flatMap((shape) => [...shape.needs, ...(shape.may ?? [])]))
    const has: string[] = []
    for (let i = 0; i < node.attributes.length; i += 2) has.push(node.attributes[i] as string)
    for (const item of node.children) has.push(`<${item.name}>`)
    const present = new Set(has.filter((name) => governed.has(name)))
    if (!shapes.some((shape) => fits(present, shape))) {
      const texts = shapes.filter((shape) => shape.needs.length > 0).map((shape) => shape.needs.join(' and '))
      this.#add(path, `expected ${[...new Set(texts)].join(', or ')} (and nothing that belongs to another of these)`)
    }
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
