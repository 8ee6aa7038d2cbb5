import type { NodeId, Prng } from '@quorate/base'
import { type Configuration, type RingId, ringText } from '@quorate/totem'
import { encodeNumbered, messageName, type NumberedMessage, numberedHeaderBytes } from './numbered-message.ts'
import type { ProgramHost, RingProgram } from './ring-program.ts'

/** How much a node has to say. */
export type TalkMix = {
  /** Mean time between two bursts of a node. */
  readonly talkMeanMs: number
  readonly burstMax: number
  /** Sizes that messages are drawn from, in bytes. */
  readonly sizes: readonly number[]
  /** After a change of membership every node says so first, as the sync engine does, and the others wait for it. */
  readonly synchronises: boolean
}

/** Draws how much the nodes of a seed talk. */
export function drawTalkMix(prng: Prng, tokenMs: number): TalkMix {
  const small = [numberedHeaderBytes, 40, 200]
  const sizes = prng.pick([
    small,
    [...small, 1000],
    [...small, 1300, 2000, 9000],
    [1300, 30_000],
    [numberedHeaderBytes],
  ])
  return {
    talkMeanMs: tokenMs * prng.pick([0.1, 0.3, 1, 5]),
    burstMax: prng.pick([1, 3, 10]),
    sizes,
    synchronises: prng.chance(1, 2),
  }
}

/** A program that sends numbered messages and, where asked to, synchronises with the others after each new membership. */
export class MessageSource implements RingProgram {
  readonly #host: ProgramHost
  readonly #prng: Prng
  readonly #boot: number
  readonly #sent: (message: NumberedMessage, bytes: number) => void
  readonly mix: TalkMix
  #number = 0
  #silent = false
  #ring: RingId | undefined
  #awaited = new Set<NodeId>()

  constructor(
    host: ProgramHost,
    prng: Prng,
    boot: number,
    mix: TalkMix,
    sent: (m: NumberedMessage, bytes: number) => void,
  ) {
    this.#host = host
    this.#prng = prng
    this.#boot = boot
    this.mix = mix
    this.#sent = sent
  }

  start(): void {
    this.#host.arm('talk', this.#pauseMs())
  }

  configured(configuration: Configuration): void {
    if (configuration.kind === 'transitional') return
    this.#ring = configuration.ring
    this.#awaited = new Set(configuration.members)
    if (!this.mix.synchronises) this.#host.syncComplete(configuration.ring)
    else this.#say(`sync ${ringText(configuration.ring)}`, numberedHeaderBytes, 'sync')
  }

  delivered(from: NodeId, group: string, _body: Uint8Array): void {
    if (this.#ring === undefined || group !== `sync ${ringText(this.#ring)}`) return
    this.#awaited.delete(from)
    if (this.#awaited.size === 0) this.#host.syncComplete(this.#ring)
  }

  /** Says no more, but for what synchronisation and probes need. */
  fallSilent(): void {
    this.#silent = true
  }

  timer(_name: string): void {
    if (this.#silent) return
    const burst = this.#prng.between(1, this.mix.burstMax)
    for (let count = 0; count < burst; count += 1) this.#say('a', this.#prng.pick(this.mix.sizes), 'application')
    this.#host.arm('talk', this.#pauseMs())
  }

  /** Sends one message now and answers its name; undefined when the ring has no room. */
  probe(bytes: number): string | undefined {
    const message = this.#say('a', bytes, 'application')
    return message === undefined ? undefined : messageName(message)
  }

  #say(group: string, bytes: number, lane: 'application' | 'sync'): NumberedMessage | undefined {
    const message = { node: this.#host.self, boot: this.#boot, number: this.#number + 1 }
    if (!this.#host.multicast(group, encodeNumbered(message, bytes), lane)) return undefined
    this.#number += 1
    this.#sent(message, bytes)
    return message
  }

  #pauseMs(): number {
    return (this.#prng.below(1000) / 500) * this.mix.talkMeanMs
  }
}
