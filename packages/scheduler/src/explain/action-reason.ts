import { beginningOf } from '../action/key.ts'

/**
 * The reason of an action as a sentence, where it is about another action; undefined for those that are plain words
 * (`node availability`), as logs have them too.
 */
export function reasonSentence(reason: string | undefined): string | undefined {
  const [, kind, id, name] = /^(unrunnable|required) (\S+)(?: (\S+))?$/.exec(reason ?? '') ?? []
  if (kind === undefined || id === undefined) return undefined
  if (name === undefined) return id === 'stonith' ? 'fencing or unfencing of its node comes first' : undefined
  const what = `the ${beginningOf(name)} of ${id}`
  return kind === 'required' ? `it follows ${what}` : `${what} cannot be done now`
}
