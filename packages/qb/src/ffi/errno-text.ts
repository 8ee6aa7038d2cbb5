import { getSystemErrorMap } from 'node:util'

/** What an error number means, for people: `address already in use (EADDRINUSE)`; a number that nobody knows as it is. */
export function errnoText(errno: number): string {
  const [name, text] = getSystemErrorMap().get(-errno) ?? []
  return name === undefined ? `error ${errno}` : `${text} (${name})`
}
