/** What an address shows: all clusters, one of them, or what there is to see where it says neither. */
export type Page =
  | { readonly kind: 'start' }
  | { readonly kind: 'fleet' }
  | { readonly kind: 'cluster'; readonly id: string }

export const fleetAddress = '/fleet'

export function clusterAddress(id: string): string {
  return `/c/${encodeURIComponent(id)}/`
}

/** @param pathname of an address; one that says nothing known is the start */
export function pageOf(pathname: string): Page {
  if (/^\/fleet\/?$/.test(pathname)) return { kind: 'fleet' }
  const id = /^\/c\/([^/]+)\/?$/.exec(pathname)?.[1]
  return id === undefined ? { kind: 'start' } : { kind: 'cluster', id: decoded(id) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Half a code: there is no cluster of that name, and that is said.
    return text
  }
}
