import type { MonoMs } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import type { Instant } from '../instant.ts'
import type { FencingEvent, FencingOutcome } from './service.ts'

/** A moment, with what a fencer takes from chance. */
export type FencerInstant = Instant & {
  /** Nanoseconds of the wall clock beside its seconds. */
  readonly epochNs: number
  /** New for each event: names the operation that it starts. */
  readonly uuid: string
  /** At least 0, below 1: the random part of a delay. */
  readonly chance: number
}

/** What a fencer wants done, in this order. */
export type FencerEffect =
  | { readonly kind: 'send'; readonly xml: XmlElement; readonly to: string | undefined }
  /** The answer to a request of a local client. */
  | { readonly kind: 'answer'; readonly client: string; readonly callId: string; readonly xml: XmlElement }
  | { readonly kind: 'event'; readonly client: string; readonly xml: XmlElement }
  /** For every local client that follows it. */
  | { readonly kind: 'notify'; readonly type: string; readonly xml: XmlElement }
  /** Run a fence agent; its end comes back as `agent-ended`. The input may hold passwords. */
  | {
      readonly kind: 'run'
      readonly run: number
      readonly agent: string
      readonly input: ReadonlyMap<string, string>
      readonly timeoutMs: number
    }
  /** Find out about an agent; comes back as `learned`. */
  | { readonly kind: 'learn'; readonly agent: string }
  /** The answer to another part of this daemon. */
  | { readonly kind: 'outcome'; readonly ticket: number; readonly outcome: FencingOutcome }
  | { readonly kind: 'fenced'; readonly event: FencingEvent }
  | { readonly kind: 'log'; readonly level: FencerLogLevel; readonly text: string }

/** How much a line matters. */
export type FencerLogLevel = 'error' | 'warning' | 'notice' | 'info'

/** How the process of a fence agent ended. */
export type FenceAgentEnd =
  | { readonly kind: 'exit'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'timeout' }
  /** `isMissing`: there is no such agent. */
  | { readonly kind: 'not-started'; readonly isMissing: boolean; readonly reason: string }

/** What the parts of one fencer share: its name, the moment, what it wants done, and its timers. */
export class FencerRoom {
  readonly localName: string
  /** Node id of a name, where it is known. */
  readonly nodeIdOf: (name: string) => number | undefined
  #now: FencerInstant | undefined
  #effects: FencerEffect[] = []
  readonly #timers = new Map<string, { readonly dueMs: number; readonly act: () => void }>()

  constructor(localName: string, nodeIdOf: (name: string) => number | undefined) {
    this.localName = localName
    this.nodeIdOf = nodeIdOf
  }

  get now(): FencerInstant {
    if (this.#now === undefined) throw new Error('a fencer was used outside of a step')
    return this.#now
  }

  /** Whether a name is that of this node. */
  isLocal(name: string | undefined): boolean {
    return name?.toLowerCase() === this.localName.toLowerCase()
  }

  emit(effect: FencerEffect): void {
    this.#effects.push(effect)
  }

  log(level: FencerLogLevel, text: string): void {
    this.#effects.push({ kind: 'log', level, text })
  }

  /** Acts later, unless it is called off or set anew under the same key. */
  after(key: string, ms: number, act: () => void): void {
    this.#timers.set(key, { dueMs: this.now.monoMs + Math.max(0, ms), act })
  }

  callOff(key: string): void {
    this.#timers.delete(key)
  }

  /** When the next timer is due. */
  get dueMs(): MonoMs | undefined {
    let due: number | undefined
    for (const timer of this.#timers.values()) if (due === undefined || timer.dueMs < due) due = timer.dueMs
    return due as MonoMs | undefined
  }

  /** Does what an event leads to, and then what has become due; answers what is to be done. */
  step(now: FencerInstant, act: () => void): readonly FencerEffect[] {
    this.#now = now
    this.#effects = []
    act()
    for (;;) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.dueMs <= now.monoMs)
        .sort((a, b) => a[1].dueMs - b[1].dueMs)[0]
      if (due === undefined) break
      this.#timers.delete(due[0])
      due[1].act()
    }
    this.#now = undefined
    return this.#effects
  }
}
