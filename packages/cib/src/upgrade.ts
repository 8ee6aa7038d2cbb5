import { failed, ok, type Result } from '@quorate/base'
import { attr, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { cibFaults } from './fault.ts'
import { conformsTo } from './schema.ts'
import { nextSchema, schemaNames, schemaNumber } from './schema-name.ts'
import { upgradedAcls } from './upgrade/acls.ts'
import { type Note, upgradedOptions } from './upgrade/options.ts'
import { withCopies, withReferences } from './upgrade/references.ts'
import { upgradedNodes, upgradedResources, withoutDeadScores } from './upgrade/resources.ts'
import { versionOf, withVersion } from './version.ts'

/** The oldest schema whose documents the scheduler understands as they are. */
export const oldestCurrentSchema = 'pacemaker-3.0'

/** Where a walk through the schemas ended. */
type Walk = {
  readonly cib: XmlElement
  /** The newest schema that was reached; undefined where the document conforms to none from its own on. */
  readonly schema: string | undefined
  /** Rewriting for the next schema did not make it conform to that. */
  readonly isStuck: boolean
  readonly notes: readonly string[]
}

/** How a document of a schema becomes one of the next where it is none already. */
const rewrites: Readonly<Record<string, (cib: XmlElement, note: Note) => XmlElement>> = {
  'pacemaker-1.3': (cib) => withConfiguration(cib, upgradedAcls),
  'pacemaker-2.10': (cib, note) => withConfiguration(cib, (configuration) => renamed(configuration, note)),
}

function withConfiguration(cib: XmlElement, change: (configuration: XmlElement) => XmlElement): XmlElement {
  return withChildren(
    cib,
    cib.children.map((item) => (item.name === 'configuration' ? change(item) : item)),
  )
}

function renamed(configuration: XmlElement, note: Note): XmlElement {
  const copied = upgradedOptions(withCopies(configuration), note)
  const children = copied.children.map((section) => {
    if (section.name === 'nodes') return upgradedNodes(section, note)
    if (section.name === 'resources') return upgradedResources(section, note)
    return section.name === 'constraints' ? withoutDeadScores(section, note) : section
  })
  return withReferences(withChildren(copied, children), note)
}

/**
 * Takes a document as far as it goes: through every schema that it conforms to, rewritten where it has to be. A schema
 * that it does not conform to is passed over, because claims are often older than what they are made for.
 */
function walk(cib: XmlElement, last: number): Walk {
  const notes: string[] = []
  let now = cib
  let schema: string | undefined
  for (let at = Math.max(0, schemaNames.indexOf(attr(cib, 'validate-with') ?? '')); at <= last; at += 1) {
    const name = schemaNames[at] ?? ''
    if (!conformsTo(now, schemaNumber(name) ?? 0)) continue
    schema = name
    const next = schemaNumber(schemaNames[at + 1])
    const rewrite = rewrites[name]
    if (at === last || next === undefined || rewrite === undefined || conformsTo(now, next)) continue
    const rewritten = rewrite(now, (line) => notes.push(line))
    if (!conformsTo(rewritten, next)) return { cib: now, schema, isStuck: true, notes }
    now = rewritten
  }
  return { cib: now, schema, isStuck: false, notes }
}

/**
 * The CIB claiming the newest schema, up to a limit, that it can be made to conform to, with the counters of an upgrade
 * (behaviour/pacemaker-daemons.md 1.10).
 *
 * @returns a code of {@link cibFaults} when it does not conform to its own, or is as new as it can be
 */
export function upgraded(
  cib: XmlElement,
  isValid: (cib: XmlElement) => boolean,
  schemaMax?: string,
): Result<XmlElement, number> {
  const claim = attr(cib, 'validate-with') ?? 'none'
  if (claim === 'none') return failed(cibFaults.schemaUnchanged)
  if (!isValid(cib)) return failed(cibFaults.schema)
  if (claim === nextSchema) return failed(cibFaults.schemaUnchanged)
  const last = schemaMax === undefined ? schemaNames.length - 1 : schemaNames.indexOf(schemaMax)
  const reached = walk(cib, last)
  if (reached.schema === undefined) return failed(cibFaults.schema)
  if (reached.schema === claim) return failed(reached.isStuck ? cibFaults.schema : cibFaults.schemaUnchanged)
  const { adminEpoch } = versionOf(cib)
  const claimed = withAttributes(reached.cib, { 'validate-with': reached.schema })
  return ok(withVersion(claimed, { adminEpoch: adminEpoch + 1, epoch: 1, updates: 1 }))
}

/** Whether a document claims a schema that the scheduler understands as it is, so that it only has to conform to that. */
export function claimsCurrentSchema(cib: XmlElement): boolean {
  return (schemaNumber(attr(cib, 'validate-with')) ?? 0) >= (schemaNumber(oldestCurrentSchema) ?? 0)
}

/** A CIB as the scheduler can use it, with what was done to it, a line each; or why there is none. */
export type UsableCib =
  | { readonly ok: true; readonly cib: XmlElement; readonly notes: readonly string[] }
  | { readonly ok: false; readonly reason: string; readonly notes: readonly string[] }

/**
 * Brings a document that was read to a schema that the scheduler understands. One of {@link oldestCurrentSchema} or newer
 * stays as it is; whether it conforms to that is not asked here. One without a claim gets `none`.
 */
export function usableCib(cib: XmlElement): UsableCib {
  const claim = attr(cib, 'validate-with')
  if (claim === undefined) return { ok: true, cib: withAttributes(cib, { 'validate-with': 'none' }), notes: [] }
  if (claim === 'none' || claimsCurrentSchema(cib)) return { ok: true, cib, notes: [] }
  const { cib: reached, schema, notes } = walk(cib, schemaNames.length - 1)
  const now = withAttributes(reached, { 'validate-with': schema })
  if (claimsCurrentSchema(now)) return { ok: true, cib: now, notes }
  const isKnown = schemaNumber(claim) !== undefined
  const isBeyond = isKnown && (schema !== undefined || claim === schemaNames[0])
  const because = isBeyond
    ? `it would not upgrade past ${schema ?? claim}`
    : `it does not validate with any schema from ${isKnown ? claim : 'unknown'} to ${schemaNames.at(-1)}`
  const reason = `Cannot upgrade configuration (claiming schema ${claim}) to at least ${oldestCurrentSchema} because ${because}`
  return { ok: false, reason, notes }
}
