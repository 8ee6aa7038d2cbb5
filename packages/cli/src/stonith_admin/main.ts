import process from 'node:process'
import { exitCodeOf, exitCodes, faultText } from '@quorate/cib'
import { FencerClient, type FencingOutcome, isDone } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { element } from '@quorate/xml'
import { localTime, utcTime } from '../crm_mon/local-time.ts'
import { helpText } from '../pacemaker/command-line.ts'
import { fenceAgents, fencePlugins } from '../pacemaker/fence-agents.ts'
import { fencingExit } from '../pacemaker/fencing-outcome.ts'
import { fencingElement, fencingLine, inOrderShown } from '../pacemaker/fencing-text.ts'
import { openOutput } from '../pacemaker/output.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { showMetadata, validate } from './agent.ts'
import { Answer } from './answer.ts'
import { stonithExamples, stonithOptions } from './options.ts'
import { isLevel, readRequest, type StonithRequest } from './request.ts'
import { targetsOf } from './targets.ts'

const name = 'stonith_admin'
const purpose = 'Fences nodes, and shows and changes by what and how they are fenced.'

/** stonith_admin: asks the fencer of this machine (behaviour/pacemaker-tools.md 9). */
export const run: Tool = async (argv) => {
  const stopped = new AbortController()
  // 128 and its number, as shells tell of a program that a signal ended.
  const stop = (signal: 'SIGINT' | 'SIGTERM') => () => stopped.abort(signal === 'SIGINT' ? 130 : 143)
  const [onInterrupt, onTerminate] = [stop('SIGINT'), stop('SIGTERM')]
  process.once('SIGINT', onInterrupt)
  process.once('SIGTERM', onTerminate)
  try {
    return await stonithAdmin(argv, processHost(), stopped.signal)
  } finally {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}

/** {@link run} on a given host; aborted with the exit code to end with. */
export async function stonithAdmin(argv: readonly string[], outer: ToolHost, stopped?: AbortSignal): Promise<number> {
  const options = readOptions(argv, { name, purpose, options: stonithOptions, examples: stonithExamples }, outer)
  if (typeof options === 'number') return options
  const output = openOutput(options, outer, [name, ...argv])
  if (typeof output === 'string') {
    outer.err(`${name}: ${output}\n`)
    return exitCodes.error
  }
  const answer = new Answer(output, outer, options.has('text-fancy'))
  const request = readRequest(options, outer.env)
  if ('misuse' in request) {
    if (request.misuse !== '') answer.complain(request.misuse)
    if (request.showsHelp) outer.err(helpText(`${name} [OPTIONS]`, purpose, stonithOptions))
    return answer.end(exitCodes.usage)
  }
  const tag = options.value('tag')
  const style = { isVerbose: options.has('verbose'), isQuiet: options.has('quiet') }
  return answer.end(await perform(request, { answer, style, host: output.host, tag, stopped }))
}

type Work = {
  readonly answer: Answer
  readonly style: { readonly isVerbose: boolean; readonly isQuiet: boolean }
  readonly host: ToolHost
  readonly tag: string | undefined
  readonly stopped: AbortSignal | undefined
}

async function perform(request: StonithRequest, work: Work): Promise<number> {
  const { answer, host } = work
  switch (request.kind) {
    case 'list-installed':
      answer.list('Installed fence devices', 'fence device', fenceAgents(), 'device')
      return exitCodes.ok
    case 'metadata':
      return showMetadata(request.agent, request.timeoutSeconds * 1000, answer, host)
    case 'validate':
      return validate(request, answer, host)
    default:
      return ask(request, work)
  }
}

type Asked = Exclude<StonithRequest, { readonly kind: 'list-installed' | 'metadata' | 'validate' }>

const notConnected = -107
/** A level that there cannot be. */
const invalidArgument = -22

/** Asks the fencer, and ends early where that is wanted. */
async function ask(request: Asked, work: Work): Promise<number> {
  const { answer, stopped } = work
  let client: FencerClient | undefined
  let isSent = false
  try {
    const asking = async (): Promise<number> => {
      client = await FencerClient.connect({ name: work.tag === undefined ? name : `${name}.${work.tag}` })
      if (stopped?.aborted === true) return exitCodes.ok
      return asked(request, client, work, () => {
        isSent = true
      })
    }
    const first = await Promise.race([asking(), aborted(stopped)])
    if (stopped?.aborted !== true) return first
    answer.complain(`${name}: ${interruptedText(request, isSent)}`)
    return stopped.reason as number
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    if (client === undefined) answer.complain(`Could not connect to fencer: ${faultText(notConnected)}`)
    else answer.complain(`${name}: Connection to the fencer failed: ${fault.message}`)
    return fault.code === 'IPC_TIMEOUT' ? exitCodes.timeout : exitCodes.disconnect
  } finally {
    client?.close()
  }
}

function aborted(signal: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(exitCodes.ok)
    else signal?.addEventListener('abort', () => resolve(exitCodes.ok), { once: true })
  })
}

function interruptedText(request: Asked, isSent: boolean): string {
  if (!isSent) return 'Interrupted before anything was asked of the cluster'
  if (request.kind !== 'fence') return 'Interrupted; what was asked for may be done nevertheless'
  const { target } = request.call
  return `Interrupted; the request was sent, and ${target} may still be fenced: see ${name} --history ${target} --verbose`
}

async function asked(request: Asked, client: FencerClient, work: Work, sent: () => void): Promise<number> {
  const { answer } = work
  const done = (outcome: FencingOutcome, what: string): number => {
    const { code, text } = fencingExit(outcome)
    if (code !== exitCodes.ok) answer.complain(`${what}: ${text}`)
    return code
  }
  if (request.kind !== 'fence') sent()
  switch (request.kind) {
    case 'register': {
      const { device, agent } = request
      const outcome = await client.register(...installed(device, agent, request.parameters))
      return done(outcome, `Can't register device ${device} using agent ${agent}`)
    }
    case 'deregister':
      return done(await client.remove(request.device), `Can't unregister device ${request.device}`)
    case 'register-level':
    case 'deregister-level': {
      const isAdded = request.kind === 'register-level'
      const what = `Can't ${isAdded ? '' : 'un'}register topology level ${request.index} for ${request.name}`
      if (!isLevel(request.index, !isAdded)) {
        answer.complain(`${what}: ${faultText(invalidArgument)}`)
        return exitCodeOf(invalidArgument)
      }
      const outcome = isAdded
        ? await client.addLevel(request.target, request.index, request.devices)
        : await client.removeLevel(request.target, request.index)
      return done(outcome, what)
    }
    case 'devices': {
      const { outcome, ids } = await client.devices(request.target, request.timeoutSeconds)
      const code = done(outcome, 'Failed to list registered devices')
      if (code === exitCodes.ok) answer.list('Registered fence devices', 'fence device', ids, 'device')
      return code
    }
    case 'list-targets': {
      const { outcome, output } = await client.execute(request.device, 'list', request.timeoutSeconds)
      const code = done(outcome, "Couldn't list targets")
      if (code === exitCodes.ok) answer.list('Fence Targets', 'fence target', targetsOf(output))
      return code
    }
    case 'query': {
      const { device, timeoutSeconds } = request
      const { outcome } = await client.execute(device, 'monitor', timeoutSeconds)
      if (isDone(outcome)) return exitCodes.ok
      // A device that is not started here may be asked for its targets all the same.
      return fencingExit((await client.execute(device, 'list', timeoutSeconds)).outcome).code
    }
    case 'history':
      return history(request, client, work)
    case 'last':
      return last(request, client, answer)
    case 'confirm':
      return done(await client.confirm(request.target), `${name}: Couldn't confirm that ${request.target} is down`)
    case 'fence':
      return fence(request, client, answer, sent)
    default:
      return request satisfies never
  }
}

/** A device as the real clients register it: an agent of the elder kind goes by a bridge, and is a parameter of it. */
function installed(
  id: string,
  agent: string,
  parameters: ReadonlyMap<string, string>,
): Parameters<FencerClient['register']> {
  if (!fenceAgents().includes(agent)) return [{ id, agent, parameters }, undefined]
  if (!fencePlugins().includes(agent)) return [{ id, agent, parameters }, 'stonith-ng']
  return [{ id, agent: 'fence_legacy', parameters: new Map([['plugin', agent], ...parameters]) }, 'heartbeat']
}

type Of<Kind extends StonithRequest['kind']> = Extract<StonithRequest, { readonly kind: Kind }>

async function history(request: Of<'history'>, client: FencerClient, work: Work): Promise<number> {
  const { answer, style } = work
  const { node, isCleanup, isBroadcast, timeoutSeconds } = request
  if (!style.isQuiet) {
    if (isCleanup) answer.say(`cleaning up fencing-history for node ${node}`)
    if (isBroadcast) answer.say('gather fencing-history from all nodes')
  }
  const target = node === '*' ? undefined : node
  const { outcome, records } = await client.history({ target, isCleanup, isBroadcast, timeoutSeconds })
  const { code } = fencingExit(outcome)
  if (isCleanup) return code
  const shown = inOrderShown(records)
  const isBrief = style.isQuiet && !answer.isData
  // As the C tool, which goes through all of them from the latest on and keeps the one that it found at the end.
  const successes = shown.filter(({ state }) => state === 'done').slice(-1)
  const wanted = style.isVerbose && !isBrief ? shown : successes
  const lineStyle = { isDetailed: true, isOfAll: style.isVerbose }
  if (isBrief) {
    for (const { completedSeconds } of wanted) answer.say(String(completedSeconds))
    answer.list('Fencing history', 'event', [])
    return code
  }
  const lines = wanted.map((record) => fencingLine(record, shown, lineStyle))
  answer.listOf('Fencing history', 'event', lines, wanted.map(fencingElement))
  return code
}

async function last(request: Of<'last'>, client: FencerClient, answer: Answer): Promise<number> {
  const { node, isNodeId } = request
  const { outcome, records } = await client.history({ target: node, isNodeId })
  const { code, text } = fencingExit(outcome)
  if (code !== exitCodes.ok) {
    answer.complain(`${name}: Couldn't tell when ${node} was fenced: ${text}`)
    return code
  }
  const times = records.filter(({ state }) => state === 'done').map(({ completedSeconds }) => completedSeconds)
  if (times.length === 0) {
    answer.tell(`Node ${node} has never been fenced`, element('last-fenced', { target: node }))
    return code
  }
  const when = Math.max(...times)
  const xml = element('last-fenced', { target: node, when: utcTime(when) })
  answer.tell(`Node ${node} last fenced at: ${localTime(when)}`, xml)
  return code
}

async function fence(request: Of<'fence'>, client: FencerClient, answer: Answer, sent: () => void): Promise<number> {
  const { call } = request
  const outcome = await client.fence(call, sent)
  const { code, text } = fencingExit(outcome)
  if (code === exitCodes.ok) return code
  const verb = call.action === 'on' ? 'unfence' : 'fence'
  const reason = outcome.reason === undefined ? '' : ` (${outcome.reason})`
  answer.complain(`${name}: Couldn't ${verb} ${call.target}: ${text}${reason}`)
  return code
}
