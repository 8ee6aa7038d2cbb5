import type { Resource } from '../api/index.ts'

/** One word of a filter: what has to hold, or not to hold, of a resource. */
type Term = { readonly field: string; readonly value: string; readonly isNegated: boolean }

/** Fields that a filter can name before a colon. Any other word is looked for in ids and agents. */
export const filterFields = ['type', 'status', 'node', 'kind', 'is'] as const

/** What can stand after `is:`. */
export const filterFlags = ['failed', 'unmanaged', 'maintenance', 'disabled', 'blocked', 'orphan', 'moved'] as const

/** Whether a resource, of which `isMoved` tells whether a move has left a constraint, is one of the flag. */
const flags: Readonly<Record<string, (resource: Resource, isMoved: boolean) => boolean>> = {
  failed: (resource) => resource.failures.length > 0 || resource.state === 'failed',
  unmanaged: (resource) => !resource.isManaged,
  maintenance: (resource) => resource.isMaintenance,
  disabled: (resource) => resource.isDisabled,
  blocked: (resource) => resource.isBlocked,
  orphan: (resource) => resource.isOrphan,
  moved: (_resource, isMoved) => isMoved,
} satisfies Record<(typeof filterFlags)[number], (resource: Resource, isMoved: boolean) => boolean>

/**
 * Reads a filter: words, all of which have to hold. `type:IPaddr2`, `status:started`, `node:n1`, `kind:group`, `is:failed`;
 * a `!` before the value or before the word turns it round. What is not a field is text to be found in the id or agent.
 */
export function parseFilter(text: string): readonly Term[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '!')
    .map((word) => {
      const bare = word.replace(/^!/, '')
      const colon = bare.indexOf(':')
      const name = bare.slice(0, Math.max(0, colon))
      const isField = (filterFields as readonly string[]).includes(name)
      const value = isField ? bare.slice(colon + 1) : bare
      return {
        field: isField ? name : '',
        value: isField ? value.replace(/^!/, '') : value,
        isNegated: bare !== word || (isField && value.startsWith('!')),
      }
    })
}

/** Whether a resource passes a filter. A field without a value yet (`type:`) keeps nothing away. */
export function passes(resource: Resource, terms: readonly Term[], isMoved: boolean): boolean {
  return terms.every((term) => term.value === '' || holds(resource, term, isMoved) !== term.isNegated)
}

function holds(resource: Resource, { field, value }: Term, isMoved: boolean): boolean {
  if (field === 'type') return (resource.agent ?? '').toLowerCase().includes(value)
  if (field === 'status') return resource.state === value
  if (field === 'node') return resource.places.some((place) => place.node.toLowerCase() === value)
  if (field === 'kind') return resource.kind === value
  if (field === 'is') return flags[value]?.(resource, isMoved) ?? false
  return resource.id.toLowerCase().includes(value) || (resource.agent ?? '').toLowerCase().includes(value)
}
