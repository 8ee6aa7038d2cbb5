/** Schemas by name, the oldest first: what `validate-with` may say. `none` is allowed besides and switches validation off. */
export const schemaNames: readonly string[] = [
  'pacemaker-0.6',
  'transitional-0.6',
  'pacemaker-0.7',
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

/** A schema as a number that orders: 3.9 is 309, 2.10 is 210. Undefined for what is none of {@link schemaNames}. */
export function schemaNumber(name: string | undefined): number | undefined {
  if (name === undefined || !schemaNames.includes(name)) return undefined
  const [major = 0, minor = 0] = name.replace(/^\D*/, '').split('.').map(Number)
  return major * 100 + minor
}
