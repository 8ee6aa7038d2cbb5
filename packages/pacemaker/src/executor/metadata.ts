import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'

/** What the controller has to know of an agent's meta-data (behaviour/pacemaker-daemons.md 3.2). */
export type AgentMetadata = {
  /** Parameters whose change needs a restart, where the agent can reload at all; undefined where it cannot. */
  readonly restarting: readonly string[] | undefined
  /** Parameters that no digest for the public may show. */
  readonly secret: readonly string[]
}

/** An agent of which nothing is known: every change restarts it. */
export const unknownMetadata: AgentMetadata = { restarting: undefined, secret: [] }

const secretNames: ReadonlySet<string> = new Set(['passwd', 'password', 'user', 'userpassword', 'login'])
const knowsReloadAgent = 1.1

/** Reads `<resource-agent>`. */
export function readMetadata(xml: XmlElement): AgentMetadata {
  const parameters = childrenNamed(child(xml, 'parameters') ?? xml, 'parameter')
  const actions = childrenNamed(child(xml, 'actions') ?? xml, 'action').map((action) => attr(action, 'name'))
  const version = Number.parseFloat(child(xml, 'version')?.text ?? '')
  const isModern = version >= knowsReloadAgent
  const canReload = isModern ? actions.includes('reload-agent') : actions.includes('reload')
  const names = (want: (parameter: XmlElement) => boolean) =>
    parameters.flatMap((parameter) => (want(parameter) ? [attr(parameter, 'name') ?? ''] : []))
  return {
    restarting: canReload
      ? names((item) => (isModern ? !isTrue(attr(item, 'reloadable')) : isTrue(attr(item, 'unique'))))
      : undefined,
    secret: names((item) => isTrue(attr(item, 'private')) || secretNames.has(attr(item, 'name') ?? '')),
  }
}

function isTrue(text: string | undefined): boolean {
  return ['1', 'true', 'yes', 'on', 'y'].includes(text?.toLowerCase() ?? '')
}
