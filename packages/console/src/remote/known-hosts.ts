import type { HostKey } from '../api/fleet.ts'

/** A line of `known_hosts` with the key of one host. */
export type KnownHostLine = { readonly line: string; readonly key: HostKey }

/**
 * The keys in a text that ssh has written, by the fingerprint that `digest` makes.
 *
 * @param digest SHA-256 of bytes in base 64 of a key's, itself in base 64
 */
export function knownHostLines(text: string, digest: (base64: string) => string): readonly KnownHostLine[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\S+) ([a-z0-9@.-]+) ([A-Za-z0-9+/]+=*)$/.exec(line)
    if (match === null) return []
    const [, name = '', type = '', base64 = ''] = match
    return [{ line, key: { name, type, fingerprint: `SHA256:${digest(base64).replace(/=+$/, '')}` } }]
  })
}
