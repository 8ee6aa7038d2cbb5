import type { Prng } from '@quorate/base'
import { cibForDisk, cibFromDisk, emptyCib } from '@quorate/cib'
import type { CibDisk } from '@quorate/pacemaker'
import type { XmlElement } from '@quorate/xml'
import type { LocalEvents } from './local-events.ts'

/** Time that a write to disk takes at most, in milliseconds. */
const writeMsMax = 25

/** The disk of one machine, as far as Pacemaker is concerned: what was written whole, and nothing of what was not. */
export class NodeDisk {
  cib: XmlElement | undefined

  readonly #forgetsEach: number | undefined
  #writes = 0

  /** `forgetsEach`: every so-manieth write is said to be done and is not: only a test plants that. */
  constructor(cib: XmlElement | undefined, forgetsEach?: number) {
    this.cib = cib
    this.#forgetsEach = forgetsEach
  }

  /** Stands for the files of a life of the daemon: writes take their time, and those that come meanwhile become one. */
  filesFor(events: LocalEvents, prng: Prng): CibDisk {
    let next: { cib: XmlElement; readonly done: Promise<void>; readonly finish: () => void } | undefined
    let isWriting = false
    const idle: (() => void)[] = []
    const write = (): void => {
      const job = next
      next = undefined
      if (job === undefined) {
        isWriting = false
        for (const tell of idle.splice(0)) tell()
        return
      }
      isWriting = true
      events.after(1 + (prng.below(1000) / 1000) * writeMsMax, () => {
        this.#writes += 1
        if (this.#forgetsEach === undefined || this.#writes % this.#forgetsEach !== 0) {
          this.cib = cibForDisk(job.cib, '')
        }
        job.finish()
        write()
      })
    }
    return {
      read: async () => ({ cib: this.cib === undefined ? emptyCib(0) : cibFromDisk(this.cib), status: 0, faults: [] }),
      persist: (cib) => {
        if (next === undefined) {
          let finish: () => void = () => undefined
          const done = new Promise<void>((resolve) => {
            finish = resolve
          })
          next = { cib, done, finish }
        }
        next.cib = cib
        const { done } = next
        if (!isWriting) write()
        return done
      },
      hasRoom: () => true,
      close: () =>
        new Promise((resolve) => {
          if (isWriting) idle.push(resolve)
          else resolve()
        }),
    }
  }
}
