import * as z from 'zod'
import { limits } from './limits.ts'

/** Name or IPv4 address, as `ssh` and its configuration know it: nothing that a shell or `ssh` could take for something else. */
const nameForm = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/
/** IPv6 address, without brackets and zone. */
const v6Form = /^(?=(?:[^:]*:){2})[0-9A-Fa-f:.]+$/
const userForm = /^[A-Za-z0-9_][A-Za-z0-9._@-]*\$?$/

/** One host to be reached by SSH. What is left out is as the server's `ssh_config` says, else user root and port 22. */
export const hostSpec = z.strictObject({
  host: z
    .string()
    .max(limits.hostCharsMax)
    .refine((text) => nameForm.test(text) || v6Form.test(text), 'a host name, an address or an alias is expected'),
  user: z.string().max(limits.userCharsMax).regex(userForm).optional(),
  port: z.int().min(1).max(65_535).optional(),
  /** Whether `sudo -n` is put before what runs there; left out: for every user but root. */
  sudo: z.boolean().optional(),
})

export type HostSpec = z.infer<typeof hostSpec>

/** A word of a list of hosts that is none, and what is wrong with it. */
export type HostFault = { readonly text: string; readonly reason: 'host' | 'user' | 'port' | 'tooMany' }

/** What a person has typed as hosts. */
export type HostList = { readonly hosts: readonly HostSpec[]; readonly faults: readonly HostFault[] }

/** Between hosts: blanks, line ends, and commas, those of Japanese keyboards too. */
const between = /[\s,\u3001\uff0c]+/

/**
 * Reads hosts: `user@host:port`, `[v6]:port` or `v6`, between blanks, commas and line ends. The same host twice counts once.
 */
export function parseHosts(text: string): HostList {
  const hosts = new Map<string, HostSpec>()
  const faults: HostFault[] = []
  for (const word of text.split(between)) {
    if (word === '') continue
    const read = parseHost(word)
    if (typeof read === 'string') faults.push({ text: word, reason: read })
    else if (hosts.size >= limits.hostsMax && !hosts.has(hostText(read))) faults.push({ text: word, reason: 'tooMany' })
    else hosts.set(hostText(read), read)
  }
  return { hosts: [...hosts.values()], faults }
}

function parseHost(word: string): HostSpec | HostFault['reason'] {
  const at = word.lastIndexOf('@')
  const user = at === -1 ? undefined : word.slice(0, at)
  if (user !== undefined && (user.length > limits.userCharsMax || !userForm.test(user))) return 'user'
  const place = word.slice(at + 1)
  const bare = v6Form.test(place) ? ['', place] : null
  const [, host = '', digits] =
    bare ?? /^\[([^[\]]*)\](?::(.*))?$/.exec(place) ?? /^([^:]*)(?::(.*))?$/.exec(place) ?? []
  const isV6 = bare !== null || place.startsWith('[')
  if (host.length > limits.hostCharsMax || !(isV6 ? v6Form : nameForm).test(host)) return 'host'
  const port = digits === undefined ? undefined : Number(digits)
  if (digits !== undefined && (!/^\d{1,5}$/.test(digits) || Number(port) < 1 || Number(port) > 65_535)) return 'port'
  return { host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) }
}

/** A host as {@link parseHosts} reads it. */
export function hostText({ host, user, port }: HostSpec): string {
  const place = host.includes(':') && port !== undefined ? `[${host}]` : host
  return `${user === undefined ? '' : `${user}@`}${place}${port === undefined ? '' : `:${port}`}`
}
