import { monoMs } from '@quorate/base'
import { attr, element, type XmlElement } from '@quorate/xml'
import { deviceFlags, type FenceMetadata } from './agent-metadata.ts'
import type { DeviceSpec } from './device.ts'
import { FencerCore, type FencerEvent } from './fencer-core.ts'
import type { FenceAgentEnd, FencerEffect } from './room.ts'
import type { FencingOutcome } from './service.ts'
import type { Level } from './topology.ts'

/** What an agent does: its exit status after some milliseconds, or for ever nothing. */
export type AgentDeed = { readonly afterMs: number; readonly end: FenceAgentEnd } | 'hangs'

/** One run of an agent, as it was asked for. */
export type AgentRunRecord = {
  readonly node: string
  readonly agent: string
  readonly input: ReadonlyMap<string, string>
  readonly atMs: number
}

/** An end with an exit status. */
export function exits(code: number, stdout = '', afterMs = 10, stderr = ''): AgentDeed {
  return { afterMs, end: { kind: 'exit', code, stdout, stderr } }
}

type Due = { readonly atMs: number; readonly node: string; readonly event: FencerEvent }

/** Several fencers on a ring that exists only here, with a clock of its own and agents that do as they are told. */
export class FencerNetwork {
  nowMs = 1_000_000
  /** What agents know to do; by default everything that there is. */
  metadata: FenceMetadata = {
    flags: Object.values(deviceFlags).reduce((sum, bit) => sum | bit, 0),
    unfences: false,
    onTarget: new Set(),
    takesNodeId: false,
  }
  /** Decides how a run of an agent ends. */
  agent: (run: AgentRunRecord) => AgentDeed = () => exits(0)
  /** Told of each message before it is delivered; what is left out is lost. */
  passes: (from: string, xml: XmlElement, to: string | undefined) => boolean = () => true
  chance = 0
  readonly runs: AgentRunRecord[] = []
  readonly logs: string[] = []
  readonly sent: { readonly from: string; readonly to: string | undefined; readonly xml: XmlElement }[] = []
  /** Effects by node, apart from messages and agents. */
  readonly effects = new Map<string, FencerEffect[]>()
  readonly #cores = new Map<string, FencerCore>()
  readonly #wire: { readonly from: string; readonly to: string | undefined; readonly xml: XmlElement }[] = []
  #due: Due[] = []
  #uuids = 0

  constructor(names: readonly string[]) {
    for (const name of names) this.join(name, names)
  }

  /** Starts the fencer of a node. */
  join(name: string, names: readonly string[]): void {
    const core = new FencerCore({
      localName: name,
      insideId: `inside-${name}`,
      insideName: 'pacemaker-controld.1',
      relayName: 'pacemaker-fenced.1',
      nodeIdOf: (of) => names.indexOf(of) + 1 || undefined,
      attributeOf: () => undefined,
    })
    this.#cores.set(name, core)
    this.effects.set(name, [])
    this.step(name, { kind: 'start' })
    for (const other of [...this.#cores.keys()]) {
      if (other === name) continue
      this.step(name, { kind: 'peer', name: other, isThere: true })
      this.step(other, { kind: 'peer', name, isThere: true })
    }
    this.settle()
  }

  /** Ends the fencer of a node without a word. */
  kill(name: string): void {
    this.#cores.delete(name)
    this.#due = this.#due.filter((due) => due.node !== name)
    for (const other of [...this.#cores.keys()]) this.step(other, { kind: 'peer', name, isThere: false })
  }

  core(name: string): FencerCore {
    const core = this.#cores.get(name)
    if (core === undefined) throw new Error(`${name} is not there`)
    return core
  }

  /** The CIB says so, on some nodes. */
  configure(nodes: readonly string[], devices: readonly DeviceSpec[], levels: readonly Level[] = []): void {
    for (const node of nodes) this.step(node, { kind: 'configured', devices, levels })
    this.settle()
  }

  step(name: string, event: FencerEvent): void {
    const core = this.#cores.get(name)
    if (core === undefined) return
    this.#uuids += 1
    const now = {
      monoMs: monoMs(this.nowMs),
      epochS: Math.trunc(this.nowMs / 1000),
      epochNs: 0,
      uuid: `op-${this.#uuids}`,
      chance: this.chance,
    }
    for (const effect of core.step(event, now)) this.#perform(name, effect)
  }

  #perform(node: string, effect: FencerEffect): void {
    if (effect.kind === 'send') {
      this.#wire.push({ from: node, to: effect.to, xml: effect.xml })
      this.sent.push({ from: node, to: effect.to, xml: effect.xml })
    } else if (effect.kind === 'run') {
      const run = { node, agent: effect.agent, input: effect.input, atMs: this.nowMs }
      this.runs.push(run)
      const deed = this.agent(run)
      const isLate = deed === 'hangs' || deed.afterMs >= effect.timeoutMs
      const end: FenceAgentEnd = isLate ? { kind: 'timeout' } : deed.end
      const atMs = this.nowMs + (isLate ? effect.timeoutMs : deed.afterMs)
      this.#due.push({ atMs, node, event: { kind: 'agent-ended', run: effect.run, end } })
    } else if (effect.kind === 'learn') {
      this.#due.push({
        atMs: this.nowMs,
        node,
        event: { kind: 'learned', agent: effect.agent, metadata: this.metadata },
      })
    } else {
      if (effect.kind === 'log') this.logs.push(effect.text)
      this.effects.get(node)?.push(effect)
    }
  }

  /** Delivers what is on the wire and what is due now. */
  settle(): void {
    for (;;) {
      const message = this.#wire.shift()
      if (message !== undefined) {
        const { from, to, xml } = message
        if (!this.passes(from, xml, to)) continue
        for (const name of [...this.#cores.keys()]) {
          if (to === undefined || to.toLowerCase() === name.toLowerCase()) {
            this.step(name, { kind: 'message', from, isOwn: from === name, xml })
          }
        }
        continue
      }
      const at = this.#due.findIndex((due) => due.atMs <= this.nowMs)
      if (at === -1) return
      const [due] = this.#due.splice(at, 1) as [Due]
      this.step(due.node, due.event)
    }
  }

  /** Lets time pass, from one thing that is due to the next. */
  pass(ms: number): void {
    const until = this.nowMs + ms
    this.settle()
    for (;;) {
      let next = until
      for (const due of this.#due) next = Math.min(next, due.atMs)
      for (const core of this.#cores.values()) next = Math.min(next, core.dueMs ?? until)
      if (next >= until) break
      this.nowMs = Math.max(this.nowMs, next)
      for (const name of [...this.#cores.keys()]) this.step(name, { kind: 'tick' })
      this.settle()
    }
    this.nowMs = until
    for (const name of [...this.#cores.keys()]) this.step(name, { kind: 'tick' })
    this.settle()
  }

  /** A client of a node asks for fencing. */
  ask(node: string, target: string, action: string, more: Readonly<Record<string, string>> = {}, client = 'c1'): void {
    const { options = '2', timeout = '20', delay = '0', tolerance = '0' } = more
    const data = element('x', {
      st_target: target,
      st_device_action: action,
      st_timeout: timeout,
      st_delay: delay,
      st_tolerance: tolerance,
    })
    const xml = element(
      'stonith_command',
      { t: 'stonith-ng', st_op: 'st_fence', st_callid: '2', st_callopt: options },
      [element('st_calldata', {}, [data])],
    )
    this.step(node, { kind: 'request', xml, client: { id: client, name: `tool.${client}`, isPrivileged: true } })
    this.settle()
  }

  /** Answers to clients of a node, as `st_rc op-status rc-code reason`. */
  answers(node: string, client = 'c1'): readonly string[] {
    return (this.effects.get(node) ?? []).flatMap((effect) => {
      if (effect.kind !== 'answer' || effect.client !== client) return []
      return [['st_rc', 'op-status', 'rc-code', 'exit-reason'].map((name) => attr(effect.xml, name) ?? '-').join(' ')]
    })
  }

  /** Outcomes told to other parts of a node's daemon. */
  outcomes(node: string): readonly { readonly ticket: number; readonly outcome: FencingOutcome }[] {
    return (this.effects.get(node) ?? []).flatMap((effect) => (effect.kind === 'outcome' ? [effect] : []))
  }

  /** What agents were told, as `node action target`. */
  deeds(): readonly string[] {
    return this.runs.map(({ node, input }) => `${node} ${input.get('action')} ${input.get('nodename') ?? '-'}`)
  }

  /** What a node remembers, as `action target state delegate`. */
  history(node: string): readonly string[] {
    return this.core(node).history.map((item) => `${item.action} ${item.target} ${item.state} ${item.delegate ?? '-'}`)
  }
}
