import { exitCodeOf, exitCodes, faultText } from '@quorate/cib'
import { element } from '@quorate/xml'
import {
  type FenceAgentResult,
  fenceMetadata,
  fencePlugins,
  runFenceAgent,
  targetParameter,
} from '../pacemaker/fence-agents.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import type { Answer } from './answer.ts'
import type { StonithRequest } from './request.ts'

const noEntry = -2
const noDevice = -19
const timerExpired = -62
const notSupported = -95
const failed = -201
const schema = -203

/** --metadata: what an agent says of itself. */
export function showMetadata(agent: string, timeoutMs: number, answer: Answer, host: ToolHost): number {
  const refuse = (rc: number): number => {
    answer.complain(`Can't get fence agent meta-data: ${faultText(rc)}`)
    return exitCodeOf(rc)
  }
  if (fencePlugins().includes(agent)) return refuse(notSupported)
  const done = runFenceAgent(agent, [['action', 'metadata']], timeoutMs, host)
  if (done === undefined) return refuse(noDevice)
  if (done.isTimeout) return refuse(timerExpired)
  if (done.status !== 0) return refuse(failed)
  const text = fenceMetadata(done.out)
  if (text === undefined) return refuse(schema)
  answer.tell(text.replace(/\n$/, ''), element('metadata', {}, [], text))
  return exitCodes.ok
}

/** Target that an agent is told when it checks its parameters: it fences nobody. */
const exampleTarget = 'node1'

/** --validate: has an agent check its parameters. */
export function validate(
  { agent, parameters, timeoutSeconds }: Extract<StonithRequest, { readonly kind: 'validate' }>,
  answer: Answer,
  host: ToolHost,
): number {
  if (fencePlugins().includes(agent)) {
    tell(agent, notSupported, undefined, answer)
    answer.complain(`Cannot validate Linux-HA fence agents: ${faultText(notSupported)} (${-notSupported})`)
    return exitCodeOf(notSupported)
  }
  const timeoutMs = timeoutSeconds * 1000
  const metadata = runFenceAgent(agent, [['action', 'metadata']], timeoutMs, host)
  if (metadata === undefined) {
    tell(agent, noEntry, { out: '', err: `Agent ${agent} not found` }, answer)
    return exitCodeOf(noEntry)
  }
  const given = new Map([['nodename', exampleTarget], ['action', 'validate-all'], ...parameters])
  const named = targetParameter(metadata.out)
  if (!given.has(named)) given.set(named, exampleTarget)
  const done = runFenceAgent(agent, [...given], timeoutMs, host)
  const rc = done?.status === 0 ? 0 : done?.isTimeout === true ? timerExpired : failed
  tell(agent, rc, done, answer)
  return exitCodeOf(rc)
}

function tell(
  agent: string,
  rc: number,
  done: Pick<FenceAgentResult, 'out' | 'err'> | undefined,
  answer: Answer,
): void {
  const said = [
    ['stdout', done?.out ?? ''],
    ['stderr', done?.err ?? ''],
  ].filter(([, text]) => text !== '')
  const lines = [`Validation of ${agent} ${rc === 0 ? 'succeeded' : 'failed'}`, ...said.map(([, text]) => text)]
  const output = said.map(([source, text]) => element('output', { source }, [], text))
  const command = element('command', { code: String(rc) }, output)
  answer.tell(lines.join('\n'), element('validate', { agent, valid: String(rc === 0) }, [command]))
}
