import type { Result } from '@quorate/base'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type * as z from 'zod'
import type { Login } from '../access/session-table.ts'
import { type Fault, type FaultCode, faultStatus } from '../api/index.ts'
import type { Refusal } from '../cluster/preview.ts'

/** What a request has once its login is known. */
export type Env = { Variables: { login: Login; secret: string } }

/** An error on its way to the browser. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: FaultCode
  readonly params: Readonly<Record<string, string>>
  constructor(code: FaultCode, detail: string, params: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.code = code
    this.params = params
  }
}

/** What was asked for, where it could be done. @throws Refused where it could not */
export function done<T>(found: Result<T, Refusal>): T {
  if (!found.ok) throw new Refused(found.error.code, found.error.detail, found.error.params)
  return found.value
}

const titles: Partial<Record<FaultCode, string>> = {
  invalid: 'Not as described',
  notLoggedIn: 'Not logged in',
  badToken: 'Wrong token',
  cibChanged: 'The cluster has changed',
  noContact: 'No contact to the cluster',
}

/** An error as the contract has it. */
export function problem(
  c: Context,
  code: FaultCode,
  detail: string,
  params: Readonly<Record<string, string>>,
): Response {
  const status = faultStatus[code]
  const fault: Fault = { type: 'about:blank', title: titles[code] ?? code, status, code, detail, params: { ...params } }
  return c.body(JSON.stringify(fault), status as ContentfulStatusCode, { 'Content-Type': 'application/problem+json' })
}

/** The body of a request. @throws Refused where it is no JSON */
export async function json(c: Context): Promise<unknown> {
  if (!/^application\/json\b/.test(c.req.header('Content-Type') ?? '')) {
    throw new Refused('invalid', 'Content-Type: application/json is expected', { path: 'Content-Type' })
  }
  try {
    return JSON.parse(await c.req.text())
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Refused('invalid', `the body is no JSON: ${error.message}`, { path: '' })
    throw error
  }
}

/** A value as a schema describes it. @throws Refused where it is not so */
export function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const path = issue?.path.join('.') ?? ''
  throw new Refused('invalid', `${path === '' ? 'the body' : path}: ${issue?.message ?? 'not as described'}`, { path })
}

/** The body of a request as a schema describes it. @throws Refused where it is not so */
export async function body<T extends z.ZodType>(c: Context, schema: T): Promise<z.output<T>> {
  return checked(schema, await json(c))
}
