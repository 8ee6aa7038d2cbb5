/** Released schemas by name, the oldest first. `none` may be claimed besides and switches validation off. */
export const schemaNames: readonly string[] = [
  'pacemaker-1.0',
  'pacemaker-1.2',
  'pacemaker-1.3',
  'pacemaker-2.0',
  'pacemaker-2.1',
  'pacemaker-2.2',
  'pacemaker-2.3',
  'pacemaker-2.4',
  'pacemaker-2.5',
  'pacemaker-2.6',
  'pacemaker-2.7',
  'pacemaker-2.8',
  'pacemaker-2.9',
  'pacemaker-2.10',
  'pacemaker-3.0',
  'pacemaker-3.1',
  'pacemaker-3.2',
  'pacemaker-3.3',
  'pacemaker-3.4',
  'pacemaker-3.5',
  'pacemaker-3.6',
  'pacemaker-3.7',
  'pacemaker-3.8',
  'pacemaker-3.9',
]

/** Where drafts of a schema to come are tried out: known, but never what an upgrade arrives at. */
export const nextSchema = 'pacemaker-next'

/** {@link schemaNumber} of {@link nextSchema}: beyond all released ones. */
export const nextSchemaNumber = 9_999

/**
 * Names that documents may claim without any schema of that name: those of schemas that are supported no longer, which
 * upgrades take for the oldest one, and `none`.
 */
const claimsWithoutSchema: ReadonlySet<string> = new Set([
  'none',
  'pacemaker-0.6',
  'transitional-0.6',
  'pacemaker-0.7',
  'pacemaker-1.1',
])

const numbers: ReadonlyMap<string, number> = new Map(
  [...schemaNames, nextSchema].map((name) => {
    const [major = 0, minor = 0] = name.replace(/^\D*/, '').split('.').map(Number)
    return [name, name === nextSchema ? nextSchemaNumber : major * 100 + minor]
  }),
)

/** A schema as a number that orders: 3.9 is 309, 2.10 is 210. Undefined for what is no schema. */
export function schemaNumber(name: string | undefined): number | undefined {
  return name === undefined ? undefined : numbers.get(name)
}

/** Whether `validate-with` may say this at all; a document that says anything else conforms to no schema. */
export function isSchemaClaim(name: string): boolean {
  return numbers.has(name) || claimsWithoutSchema.has(name)
}
