import { limits } from '../api/limits.ts'
import { type Role, roles } from '../api/session.ts'

/** A login. */
export type Login = { readonly role: Role; readonly csrf: string; readonly usedMs: number }

/** Logins by the secret of their cookie, least recently used first. */
export type Logins = ReadonlyMap<string, Login>

const idleMs = limits.sessionIdleSeconds * 1000

function alive(logins: Logins, nowMs: number): Map<string, Login> {
  return new Map([...logins].filter(([, login]) => nowMs - login.usedMs <= idleMs))
}

/** Logins with one more; the one that was not used for longest makes room. */
export function loggedIn(logins: Logins, secret: string, login: Login): Logins {
  const kept = alive(logins, login.usedMs)
  kept.delete(secret)
  const [oldest] = kept.keys()
  if (kept.size >= limits.sessionsMax && oldest !== undefined) kept.delete(oldest)
  return kept.set(secret, login)
}

/** The login of a cookie, and the logins with that one used; undefined where there is none or it has expired. */
export function used(
  logins: Logins,
  secret: string,
  nowMs: number,
): { readonly login: Login; readonly logins: Logins } | undefined {
  const kept = alive(logins, nowMs)
  const known = kept.get(secret)
  if (known === undefined) return undefined
  const login = { ...known, usedMs: nowMs }
  kept.delete(secret)
  return { login, logins: kept.set(secret, login) }
}

/** Logins without one. */
export function loggedOut(logins: Logins, secret: string): Logins {
  return new Map([...logins].filter(([key]) => key !== secret))
}

/** Whether a role has the rights of another. */
export function hasRights(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}
