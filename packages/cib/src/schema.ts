import { attr, attrAt, hasChildren, isComment, type TagShape, tagShape, type XmlElement } from '@quorate/xml'
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
const optionSections: ReadonlySet<string> = new Set(['crm_config', 'rsc_defaults', 'op_defaults'])

/** The schema that brought expressions about resources and operations, to rules of most sections. */
const firstWithResourceExpressions = 304
const resourceExpressions: ReadonlySet<string> = new Set(['rsc_expression', 'op_expression'])
/** Sections whose rules learned them a schema later. */
const laterSections: ReadonlySet<string> = new Set(['constraints', 'alerts'])

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
  const check = new Check(schema, faultsMax)
  check.element(cib)
  check.references()
  return check.faults
}

class Check {
  readonly faults: SchemaFault[] = []
  readonly #schema: number
  readonly #rules: Readonly<Record<string, ElementRule>>
  readonly #faultsMax: number
  /** The element that is being checked, and before it all that it is in. */
  readonly #above: XmlElement[] = []
  readonly #ids = new Set<string>()
  readonly #references: {
    readonly id: string
    readonly name: string
    readonly above: readonly XmlElement[]
  }[] = []

  constructor(schema: number, faultsMax: number) {
    this.#schema = schema
    this.#rules = elementRulesOf(schema)
    this.#faultsMax = faultsMax
  }

  /** Adds a fault of the element that is being checked, or of a child of it. Only a fault needs a path. */
  #add(reason: string, child?: XmlElement): void {
    this.#addAt(child === undefined ? this.#above : [...this.#above, child], reason)
  }

  #addAt(above: readonly XmlElement[], reason: string): void {
    const element = above.at(-1)
    if (element === undefined || this.faults.length >= this.#faultsMax) return
    const path = above.map((item, depth) => `/${depth === 0 ? item.name : nameOf(item)}`).join('')
    this.faults.push({ path, reason, element })
  }

  element(node: XmlElement): void {
    if (this.faults.length >= this.#faultsMax) return
    const parent = this.#above.at(-1)?.name ?? ''
    this.#above.push(node)
    const rule = own(this.#rules, node.name)
    if (rule === undefined) this.#add(`there is no element '${node.name}'`)
    else this.#known(node, rule, parent)
    this.#above.pop()
  }

  #known(node: XmlElement, rule: ElementRule, parent: string): void {
    if (rule.since !== undefined && rule.since > this.#schema) {
      this.#add(`this schema has no element '${node.name}' yet`)
    }
    const has = this.#attributes(node, rule)
    this.#children(node, rule)
    this.#shape(node, rule, has)
    this.#special(node, parent)
    if (!hasChildren(node)) return
    const { children } = node
    for (let i = 0; i < children.length; i += 1) {
      const item = children[i] as XmlElement
      if (!isComment(item) && item.name !== 'status') this.element(item)
    }
  }

  /** Answers the attributes that matter to the shapes of the element, as {@link ReadyRule.fitting} has them. */
  #attributes(node: XmlElement, rule: ElementRule): string {
    const { known, required, governed, tags } = readyRule(rule)
    const shape = tagShape(node)
    const tag = shape === undefined ? undefined : (tags.get(shape) ?? readyTag(tags, shape, known, required))
    if (tag?.isAllowed === true) {
      const { checked } = tag
      for (let i = 0; i < checked.length; i += 1) {
        const { type, name, place } = checked[i] as CheckedAttribute
        this.#value(type, name, attrAt(node, place))
      }
      return tag.has
    }
    const { attributes } = node
    let has = ''
    let missing = required.length
    for (let i = 0; i < attributes.length; i += 2) {
      const name = attributes[i] as string
      const of = known.get(name)
      if (of?.isGoverned ?? governed.has(name)) has += `${name} `
      if (of === undefined) {
        this.#add(`attribute '${name}' is not allowed here`)
        continue
      }
      if (of.isRequired) missing -= 1
      if (of.type !== 'text') this.#value(of.type, name, attributes[i + 1] as string)
    }
    if (missing > 0) {
      for (const name of required) if (attr(node, name) === undefined) this.#add(`attribute '${name}' is missing`)
    }
    return has
  }

  #value(type: ValueRule, name: string, value: string): void {
    if (type === 'text') return
    if (type === 'ID' || type === 'IDREF') {
      const isPlain = plainName.test(value)
      const id = isPlain ? value : value.trim()
      if (!isPlain && !isName(value)) this.#add(`${name}='${value}' is no name as ids have to be`)
      else if (type === 'IDREF') this.#references.push({ id, name, above: [...this.#above] })
      else if (this.#ids.has(id)) this.#add(`id '${value}' is used twice`)
      else this.#ids.add(id)
      return
    }
    if (typeof type !== 'string') {
      if (!value.includes('@') && type.includes(value)) return
      const words = type.filter((word) => sinceOf(word) <= this.#schema).map((word) => word.replace(/@.*/, ''))
      if (!words.includes(value.trim().replace(/\s+/g, ' '))) {
        this.#add(`${name}='${value}': expected one of ${words.join(', ')}`)
      }
    } else if (!patterns[type].test(value)) this.#add(`${name}='${value}': expected ${expectations[type]}`)
  }

  #children(node: XmlElement, rule: ElementRule): void {
    const { order, limited, needsChild } = readyRule(rule)
    if (!needsChild && !hasChildren(node)) return
    const seen: number[] = []
    let reached = 0
    const { children } = node
    for (let i = 0; i < children.length; i += 1) {
      const item = children[i] as XmlElement
      if (isComment(item)) continue
      const at = order.indexOf(item.name)
      if (at < 0) {
        this.#add(`element '${item.name}' is not allowed inside '${node.name}'`, item)
        continue
      }
      if (rule.isOrdered === true && at < reached) this.#add(`element '${item.name}' comes too late`, item)
      reached = Math.max(reached, at)
      seen[at] = (seen[at] ?? 0) + 1
    }
    for (let i = 0; i < limited.length; i += 1) {
      const { name, at, count } = limited[i] as LimitedChild
      this.#count(name, count, seen[at] ?? 0)
    }
  }

  #count(name: string, count: Count, found: number): void {
    if ((count === '1' || count === '+') && found === 0) this.#add(`element '${name}' is missing inside`)
    if ((count === '1' || count === '?') && found > 1) this.#add(`element '${name}' may stand here once only`)
  }

  #shape(node: XmlElement, rule: ElementRule, attributes: string): void {
    const shapes = rule.shapes
    if (shapes === undefined) return
    const { governed, fitting } = readyRule(rule)
    let has = attributes
    let last = ''
    const { children } = node
    for (let i = 0; i < children.length; i += 1) {
      const { name } = children[i] as XmlElement
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
      this.#add(`expected ${[...new Set(texts)].join(', or ')} (and nothing that belongs to another of these)`)
    }
  }

  /** The section of the configuration that the element is in. */
  #section(): string {
    const [, configuration, section] = this.#above
    return configuration?.name === 'configuration' ? (section?.name ?? '') : ''
  }

  #resourceExpression(node: XmlElement): void {
    if (this.#schema !== firstWithResourceExpressions || !resourceExpressions.has(node.name)) return
    const section = this.#section()
    if (laterSections.has(section)) this.#add(`rules of ${section} have no '${node.name}' in this schema yet`)
  }

  /** Rules that look at values: date expressions, OCF providers, names that are no longer used. */
  #special(node: XmlElement, parent: string): void {
    if (node.name === 'date_expression') this.#date(node)
    if (node.name === 'primitive' || node.name === 'template') {
      const isOcf = attr(node, 'class') === 'ocf'
      if (isOcf !== (attr(node, 'provider') !== undefined)) {
        this.#add(isOcf ? `class 'ocf' needs a provider` : `only class 'ocf' has a provider`)
      }
    }
    this.#resourceExpression(node)
    this.#olderOptions(node)
    const gone = goneNamesIn(this.#schema, node.name, parent)
    if (gone === undefined) return
    for (const item of node.children) {
      if (attr(item, 'id-ref') !== undefined) continue
      const name = attr(item, 'name') ?? ''
      if (gone.has(name)) this.#add(`name '${name}' is no longer used`, item)
      const stack = attr(item, 'value')
      const isGoneStack = name === 'cluster-infrastructure' && (stack === undefined || goneStacks.has(stack))
      if (isGoneStack && node.name === 'cluster_property_set')
        this.#add('cluster-infrastructure needs a value that is still in use')
    }
  }

  /** What older schemas allow in the sets of resources and nodes, but not in those of options. */
  #olderOptions(node: XmlElement): void {
    if (this.#schema >= firstWithEvenOptions || !optionSections.has(this.#section())) return
    const name = node.name === 'nvpair' ? 'id-ref' : node.name === 'expression' ? 'value-source' : undefined
    if (name === undefined || attr(node, name) === undefined) return
    this.#add(`attribute '${name}' is not allowed in options`)
  }

  #date(node: XmlElement): void {
    const [start, end] = [attr(node, 'start') !== undefined, attr(node, 'end') !== undefined]
    const [duration, spec] = ['duration', 'date_spec'].map((name) => node.children.some((item) => item.name === name))
    const operation = attr(node, 'operation')
    const isRange = this.#schema < firstWithOpenRanges ? (duration ? start && !end : end) : start || end
    const isRight =
      (operation === 'in_range' && isRange && !spec) ||
      (operation === 'gt' && start && !end && !duration && !spec) ||
      (operation === 'lt' && end && !start && !duration && !spec) ||
      (operation === 'date_spec' && spec && !start && !end && !duration)
    if (!isRight) this.#add(`operation '${operation}' does not go with these attributes and elements`)
  }

  references(): void {
    for (const { id, name, above } of this.#references) {
      if (!this.#ids.has(id)) this.#addAt(above, `${name}='${id}' refers to nothing`)
    }
  }
}

type KnownAttribute = {
  readonly type: ValueRule
  readonly isRequired: boolean
  /** Whether the shapes speak of it. */
  readonly isGoverned: boolean
}

type LimitedChild = { readonly name: string; readonly at: number; readonly count: Count }

type CheckedAttribute = { readonly type: ValueRule; readonly name: string; readonly place: number }

/** What a rule says of all elements whose tags are alike. */
type ReadyTag = {
  /** Whether all of the attributes are allowed, and none that is required is missing. */
  readonly isAllowed: boolean
  /** Those that matter to the shapes, as {@link ReadyRule.fitting} has them. */
  readonly has: string
  /** Those whose values can be wrong. */
  readonly checked: readonly CheckedAttribute[]
}

/** A rule with what is asked of it for every element worked out once. */
type ReadyRule = {
  readonly known: ReadonlyMap<string, KnownAttribute>
  readonly required: readonly string[]
  readonly order: readonly string[]
  /** Children that may not be there in any number, with their places in the order. */
  readonly limited: readonly LimitedChild[]
  /** Whether an element without children can be wrong. */
  readonly needsChild: boolean
  /** Attributes and children of which the shapes speak. */
  readonly governed: ReadonlySet<string>
  /** Whether some shape allows them together, by what of them an element has. */
  readonly fitting: Map<string, boolean>
  readonly tags: WeakMap<TagShape, ReadyTag>
}

/** Combinations that are remembered for a rule; a document can have any number. */
const fittingMax = 256

const readyRules = new WeakMap<ElementRule, ReadyRule>()

function readyRule(rule: ElementRule): ReadyRule {
  const known = readyRules.get(rule)
  if (known !== undefined) return known
  const attributes = Object.entries(rule.attributes)
  const counts = Object.entries(rule.children ?? {})
  const governed = new Set(rule.shapes?.flatMap((shape) => [...shape.needs, ...(shape.may ?? [])]))
  const required = attributes.filter(([name]) => name.endsWith('!')).map(([name]) => name.slice(0, -1))
  const allowed = attributes.map(([marked, type]) => {
    const name = marked.replace(/!$/, '')
    return [name, { type, isRequired: name !== marked, isGoverned: governed.has(name) }] as const
  })
  const made: ReadyRule = {
    known: new Map(allowed),
    required,
    order: counts.map(([name]) => name),
    limited: counts.flatMap(([name, count], at) => (count === '*' ? [] : [{ name, at, count }])),
    needsChild: counts.some(([, count]) => count === '1' || count === '+'),
    governed,
    fitting: new Map(),
    tags: new WeakMap(),
  }
  readyRules.set(rule, made)
  return made
}

function readyTag(
  tags: WeakMap<TagShape, ReadyTag>,
  shape: TagShape,
  known: ReadyRule['known'],
  required: readonly string[],
): ReadyTag {
  const { names } = shape
  const made: ReadyTag = {
    isAllowed: names.every((name) => known.has(name)) && required.every((name) => names.includes(name)),
    has: names.map((name) => (known.get(name)?.isGoverned === true ? `${name} ` : '')).join(''),
    checked: names.flatMap((name, place) => {
      const type = known.get(name)?.type ?? 'text'
      return type === 'text' ? [] : [{ type, name, place }]
    }),
  }
  tags.set(shape, made)
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
