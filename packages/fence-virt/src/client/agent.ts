import { statSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { type AgentCall, callOfArguments, callOfStdin, noDomainMistake } from '../agent-call.ts'
import { dumpText } from '../agent-dump.ts'
import { type AgentName, metadataText, stdinHelpText, stdinUsageText, usageText } from '../agent-option.ts'
import type { ClientSecurity } from '../client-session.ts'
import { defaultGroups } from '../daemon-conf.ts'
import { type Host, hostStates, type OperationName, responses } from '../operation.ts'
import { exchangeOverChannel, exchangeOverLine, type LineRequest } from './channel-exchange.ts'
import { errorText } from './error-text.ts'
import type { ExchangeEnd, ExchangePhase } from './exchange.ts'
import { readKeyFile } from './key-file.ts'
import { nodeDigest } from './node-digest.ts'
import { exchangeOverTcp, type NetworkRequest } from './tcp-exchange.ts'

/** What a client needs of the process it runs in. */
export type AgentHost = {
  out(text: string): void
  err(text: string): void
  /** The key file where none is named. */
  readonly keyFile: string
  /** All of standard input. */
  readStdin(): Promise<string>
}

/** Version that `-V` shows: that of the programs whose behaviour this is. */
const versionText = '1.9.0'
const releaseText = '4.12.1'

/** Column of names in a list: in bytes, as printf counts it. */
const nameBytes = 32

/** Exit codes of both clients (fence_xvm(8)); 255 is what -1 becomes. */
export const agentExits = { ok: 0, failed: 1, off: 2, denied: 3, trouble: 255 } as const

/** Runs fence_xvm or fence_virt: arguments in, exit code out. With no argument it reads standard input. */
export async function runAgent(name: AgentName, argv: readonly string[], host: AgentHost): Promise<number> {
  const isStdin = argv.length === 0
  const asked = isStdin
    ? callOfStdin(name, await host.readStdin(), keyFileFault)
    : callOfArguments(name, argv, keyFileFault)
  const call = asked.isKeyFileGiven ? asked : { ...asked, keyFile: host.keyFile }
  for (const remark of call.remarks) host.err(`${remark}\n`)
  const lacksDomain = call.mistakes.at(-1) === noDomainMistake
  const mistakes = call.mistakes.filter((one) => one !== noDomainMistake)
  // What explains stands beside the outcome where that is JSON.
  const tell = call.output === 'json' ? host.err : host.out
  for (const mistake of mistakes) tell(`${mistake}\n`)
  if (call.wantsHelp) {
    host.out(usageText(name) + stdinHelpText(name))
    return agentExits.ok
  }
  if (call.wantsVersion) {
    host.out(`${name} ${versionText}\nfence release ${releaseText}\n`)
    return agentExits.ok
  }
  if (name === 'fence_xvm' && familyOf(call) === undefined) {
    mistakes.push('Could not determine address family')
    tell('Could not determine address family\n')
  }
  if (call.debugLevel > 0) tell(dumpText(name, call, familyOf(call), mistakes.length > 0))
  if (lacksDomain) {
    tell(`${noDomainMistake}\n`)
    mistakes.push(noDomainMistake)
  }
  if (call.output === 'json' && (call.action === 'validate-all' || mistakes.length > 0)) {
    const { action, domain = null } = call
    const result = mistakes.length === 0 ? 'valid' : 'invalid'
    host.out(`${JSON.stringify({ action, domain, result, mistakes }, undefined, 2)}\n`)
  }
  if (call.action === 'validate-all') return mistakes.length === 0 ? agentExits.ok : agentExits.failed
  if (mistakes.length > 0) {
    tell(isStdin ? stdinUsageText(name) : usageText(name))
    return agentExits.failed
  }
  if (call.action === 'metadata') {
    host.out(metadataText(name))
    return agentExits.ok
  }
  return new Agent(name, call, call.action === 'list-status' ? 'list' : call.action, host).run()
}

function keyFileFault(file: string): string | undefined {
  try {
    statSync(file)
    return undefined
  } catch (error) {
    return `Invalid key file: '${file}' (${errorText(codeOf(error))})`
  }
}

/** Longest time of a timer, about 25 days. */
const timerMsMax = 2_147_483_647

async function waitSeconds(seconds: number): Promise<void> {
  for (let left = seconds * 1000; left > 0; left -= timerMsMax) await wait(Math.min(left, timerMsMax))
}

function isNetworked(name: AgentName, call: AgentCall): boolean {
  return name === 'fence_xvm' || call.ipAddress !== undefined || call.cid !== undefined
}

class Agent {
  readonly #name: AgentName
  readonly #call: AgentCall
  readonly #operation: OperationName
  readonly #host: AgentHost

  constructor(name: AgentName, call: AgentCall, operation: OperationName, host: AgentHost) {
    this.#name = name
    this.#call = call
    this.#operation = operation
    this.#host = host
  }

  async run(): Promise<number> {
    const { action, delayS } = this.#call
    if (delayS > 0 && !['status', 'monitor', 'list', 'list-status'].includes(action)) await waitSeconds(delayS)
    const end = await this.#exchange()
    if (isNetworked(this.#name, this.#call) || end.kind === 'response' || end.kind === 'hosts') return this.#report(end)
    return end.kind === 'unreachable' ? this.#report(end) : this.#unknown()
  }

  async #exchange(): Promise<ExchangeEnd> {
    const call = this.#call
    const line: LineRequest = {
      operation: this.#operation,
      domain: call.domain ?? '',
      isUuid: call.isUuid,
      timeoutMs: Math.min(call.timeoutS * 1000, timerMsMax),
    }
    if (!isNetworked(this.#name, call)) return this.#exchangeOverLine(line)
    if (this.#name === 'fence_xvm') return this.#multicast(line)
    const request = { ...line, ...this.#security() }
    if (call.cid === undefined) return exchangeOverTcp(request, { host: call.ipAddress ?? '', port: call.port })
    const { exchangeOverVsock } = await import('./vsock-exchange.ts')
    return exchangeOverVsock(request, { cid: call.cid, port: call.port })
  }

  async #exchangeOverLine(line: LineRequest): Promise<ExchangeEnd> {
    const { serialDevice, serialParameters, channelAddress, port } = this.#call
    if (serialDevice === undefined) {
      const end = await exchangeOverChannel(line, { host: channelAddress, port })
      if (end.kind === 'unreachable') this.#host.err(`vmchannel connect: ${errorText(end.code)}\n`)
      return end
    }
    const { openSerialLine } = await import('./serial-line.ts')
    const opened = await openSerialLine(serialDevice, serialParameters)
    if (opened.ok) return exchangeOverLine(opened.value, line)
    this.#host.err(`${opened.error}\n`)
    return { kind: 'no-listener', code: 'serial' }
  }

  /** Without the default key file both ends must do without: said, and tried. */
  #security(): { readonly hash: AgentCall['hash']; readonly security: ClientSecurity } {
    const { auth, hash, keyFile } = this.#call
    try {
      const key = readKeyFile(keyFile)
      return { hash, security: { key, auth, digest: nodeDigest } }
    } catch {
      if (auth !== 'none' || hash !== 'none') {
        this.#tell(`Could not read ${keyFile}; trying without authentication\n`)
      }
      return { hash: 'none', security: { key: new Uint8Array(0), auth: 'none', digest: nodeDigest } }
    }
  }

  async #multicast(line: LineRequest): Promise<ExchangeEnd> {
    const { multicastAddress, port, retransmitTenths } = this.#call
    const family = familyOf(this.#call) ?? 'ipv4'
    const request: NetworkRequest = { ...line, ...this.#security() }
    const { exchangeByMulticast } = await import('./multicast-exchange.ts')
    return exchangeByMulticast(request, {
      family,
      group: multicastAddress ?? defaultGroups[family],
      port,
      retransmitMs: Math.min(retransmitTenths * 100, timerMsMax),
      onSendFault: (text) => this.#tell(`${text}\n`),
    })
  }

  #report(end: ExchangeEnd): number {
    switch (end.kind) {
      case 'hosts':
        return this.#showHosts(end.hosts)
      case 'response':
        return this.#showResponse(end.response)
      case 'mismatch':
        this.#tell(
          `Hash mismatch:\nC = ${hex(end.challenge)}\nH = ${hex(end.expected)}\nR = ${hex(end.answer)}\n` +
            'Invalid response to challenge\n',
        )
        return this.#failed()
      case 'garbled':
        this.#tell(`Unreadable answer: ${end.why}\n`)
        return this.#failed()
      case 'closed':
        if (end.phase === 'answer') {
          this.#tell(`Error reading challenge response: ${errorText(end.code)}`)
        }
        return this.#unproven(end.phase)
      case 'timeout':
        if (end.phase === 'response') return this.#unknown()
        this.#tell('Timed out waiting for response\n')
        return this.#unproven(end.phase)
      case 'unreachable':
        return this.#showUnreachable(end.code)
      case 'no-listener':
        this.#tell(`Failed to listen: ${errorText(end.code)}\n`)
        return this.#unknown()
      default:
        end satisfies never
        return agentExits.trouble
    }
  }

  /** What the C clients make of a line that gives no answer. */
  #unknown(): number {
    if (this.#call.output === 'json') this.#showOutcome('unknown', -1)
    else this.#host.out('Unknown response (-1)\n')
    return agentExits.trouble
  }

  /** Explains: beside the outcome where that is JSON. */
  #tell(text: string): void {
    if (this.#call.output === 'json') this.#host.err(text)
    else this.#host.out(text)
  }

  #showOutcome(result: string, response: number): void {
    const { action, domain = null } = this.#call
    this.#host.out(`${JSON.stringify({ action, domain, result, response }, undefined, 2)}\n`)
  }

  /** A connection that ended, in its handshake or behind it. */
  #unproven(phase: ExchangePhase | undefined): number {
    if (phase === 'answer' || phase === 'challenge') this.#tell('Invalid response to challenge\n')
    return this.#failed()
  }

  #failed(): number {
    return this.#showResponse(responses.fail)
  }

  #showUnreachable(code: string): number {
    const { ipAddress, cid, channelAddress, port } = this.#call
    if (ipAddress === undefined && cid === undefined) {
      this.#tell(`Failed to connect to ${channelAddress}:${port}\n`)
      return this.#unknown()
    }
    this.#tell(`Unable to connect to fence_virtd host ${cid ?? ipAddress}:${port} ${errorText(code)}\n`)
    return this.#failed()
  }

  #showHosts(hosts: readonly Host[]): number {
    if (this.#call.output === 'json') {
      const shown = hosts.map(({ name, uuid, state }) => ({ name, uuid, status: isOn(state) ? 'on' : 'off', state }))
      this.#host.out(`${JSON.stringify({ hosts: shown }, undefined, 2)}\n`)
    } else {
      for (const { name, uuid, state } of hosts) {
        const padding = ' '.repeat(Math.max(0, nameBytes - Buffer.byteLength(name)))
        this.#host.out(`${name}${padding} ${uuid} ${isOn(state) ? 'on' : 'off'}\n`)
      }
    }
    return agentExits.ok
  }

  /** The C clients take a byte of the network for a signed one, and a byte of a channel for an unsigned one. */
  #shownResponse(response: number): number {
    return response > 127 && isNetworked(this.#name, this.#call) ? response - 256 : response
  }

  #showResponse(response: number): number {
    const isStatus = this.#operation === 'status'
    if (this.#call.output === 'json') {
      const words = { 0: isStatus ? 'on' : 'success', 2: 'off', 1: 'failed', 3: 'denied' } as const
      const result = response === 0 || response === 1 || response === 2 || response === 3 ? words[response] : 'unknown'
      this.#showOutcome(result, response)
      return response
    }
    if (response === responses.success) {
      if (isStatus) this.#host.out('Status: ON\n')
    } else if (response === responses.off) {
      if (isStatus) this.#host.out('Status: OFF\n')
    } else if (response === responses.fail) {
      this.#host.out('Operation failed\n')
    } else if (response === responses.denied) {
      this.#host.out('Permission denied\n')
    } else {
      this.#host.out(`Unknown response (${this.#shownResponse(response)})\n`)
    }
    return response
  }
}

/** The family that was asked for, or what the group looks like; IPv4 where there is neither. */
function familyOf({ family, multicastAddress: group }: AgentCall): 'ipv4' | 'ipv6' | undefined {
  if (family !== 'auto') return family
  if (group === undefined || group.includes('.')) return 'ipv4'
  return group.includes(':') ? 'ipv6' : undefined
}

/** The clients call a machine "on" only when it runs; the daemon's status also counts paused ones. */
function isOn(state: number): boolean {
  return state === hostStates.running
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO'
}
