import type { XmlElement } from '@quorate/xml'
import { type EventRing, remembered, since } from '../access/event-ring.ts'
import { type FencingEvent, patchBetween, type Snapshot, type SnapshotPatch, type Stale } from '../api/index.ts'
import { momentText } from '../cluster/moment-text.ts'
import type { Analysis } from '../cluster/snapshot.ts'
import { snapshotOf } from '../cluster/snapshot.ts'
import type { ClusterSource } from './cluster-source.ts'
import { momentOf, readable, type Thinker, versionIn } from './oracle-thread.ts'

/** Changes of the CIB within so many milliseconds are told as one; of a large cluster, which takes longer to draw, more. */
const gatherMs = 50
/** Between two drawings there is so many times the time that the last one took, for everything else. */
const restPerDraw = 2
/** After so many milliseconds without a change it is looked again: rules begin and end, failures expire. */
const lookAgainMs = 60_000
/** How long another version is waited for, in milliseconds. */
const afterMs = 5_000

/** Who is told of what the picture becomes. */
export type PictureListener = {
  readonly snapshot: (snapshot: Snapshot) => void
  readonly patch: (patch: SnapshotPatch, snapshot: Snapshot) => void
  readonly stale: (stale: Stale, snapshot: Snapshot | undefined) => void
}

/** The cluster as it was last seen, and how it became that. */
export class Picture {
  readonly #source: ClusterSource
  readonly #thinker: Thinker
  readonly #server: string
  readonly #now: () => number
  readonly #listeners = new Set<PictureListener>()
  #cib: XmlElement | undefined
  #readable: XmlElement | undefined
  #seenMs = 0
  #stale: Stale | null = null
  #localNode: string | null = null
  #fencing: readonly FencingEvent[] = []
  #analysis: Analysis | undefined
  #analysedMs = 0
  #drawMs = 0
  #isAnalysing = false
  #snapshot: Snapshot | undefined
  #ring: EventRing = []
  #rev = 0
  #due: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  /** @param server name of this run of the server; see the contract */
  constructor(source: ClusterSource, thinker: Thinker, server: string, now: () => number) {
    this.#source = source
    this.#thinker = thinker
    this.#server = server
    this.#now = now
  }

  /** Undefined until anything was seen. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  /** The CIB as the CIB manager has it. */
  get cib(): XmlElement | undefined {
    return this.#cib
  }

  get stale(): Stale | null {
    return this.#stale
  }

  get server(): string {
    return this.#server
  }

  /** The patches since a revision of this server; undefined where a whole snapshot is needed. */
  since(rev: number): readonly SnapshotPatch[] | undefined {
    return since(this.#ring, rev, this.#rev)
  }

  /** Resolves once another version than that was seen, or the contact is lost; or after a while. */
  after(version: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#stale === null && this.#cib !== undefined && versionIn(this.#cib) === version) return
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(look)
        resolve()
      }, afterMs)
      this.#waiting.add(look)
      look()
    })
  }

  listen(listener: PictureListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#source.start({
      seen: (cib) => this.#see(cib),
      lost: (reason) => this.#lose(reason),
      fencing: (events) => {
        this.#fencing = events
        this.#later()
      },
      localNode: (name) => {
        this.#localNode = name
        this.#later()
      },
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#due)
    clearTimeout(this.#again)
    this.#source.close()
  }

  #see(cib: XmlElement): void {
    const isFirst = this.#cib === undefined || this.#stale !== null
    this.#cib = cib
    this.#readable = readable(cib)
    this.#seenMs = this.#now()
    this.#stale = null
    for (const look of [...this.#waiting]) look()
    if (isFirst) this.#draw()
    else this.#later()
  }

  #lose(reason: string): void {
    this.#stale = { since: momentText(this.#now()), reason }
    if (this.#snapshot !== undefined) {
      this.#rev += 1
      this.#snapshot = { ...this.#snapshot, rev: this.#rev, stale: this.#stale }
      this.#ring = []
    }
    for (const look of [...this.#waiting]) look()
    for (const listener of [...this.#listeners]) listener.stale(this.#stale, this.#snapshot)
  }

  #later(): void {
    if (this.#isClosed || this.#cib === undefined || this.#stale !== null) return
    this.#due ??= setTimeout(() => this.#draw(), Math.max(gatherMs, restPerDraw * this.#drawMs))
  }

  #draw(): void {
    clearTimeout(this.#due)
    this.#due = undefined
    if (this.#isClosed || this.#cib === undefined || this.#readable === undefined) return
    const before = this.#snapshot
    const beganMs = performance.now()
    const made = snapshotOf(this.#readable, {
      rev: this.#rev + 1,
      cibVersion: versionIn(this.#cib),
      server: this.#server,
      atMs: this.#source.kind === 'file' ? this.#seenMs : this.#now(),
      stale: this.#stale,
      source: { kind: this.#source.kind, name: this.#source.name, localNode: this.#localNode },
      fencing: this.#fencing,
      analysis: this.#analysis,
      options: momentOf(this.#now()),
    })
    clearTimeout(this.#again)
    this.#again = setTimeout(() => this.#draw(), lookAgainMs)
    this.#again.unref()
    this.#tell(before, made)
    this.#drawMs = performance.now() - beganMs
    void this.#analyse()
  }

  #tell(before: Snapshot | undefined, made: Snapshot): void {
    if (before === undefined || before.stale !== null) {
      this.#rev = made.rev
      this.#snapshot = made
      this.#ring = []
      for (const listener of [...this.#listeners]) listener.snapshot(made)
      return
    }
    const patch = patchBetween(before, made)
    if (patch === undefined) {
      this.#snapshot = { ...made, rev: before.rev }
      return
    }
    this.#rev = made.rev
    this.#snapshot = made
    this.#ring = remembered(this.#ring, patch)
    for (const listener of [...this.#listeners]) listener.patch(patch, made)
  }

  /** Has the scheduler look at the newest CIB, one at a time. */
  async #analyse(): Promise<void> {
    if (this.#isAnalysing) return
    this.#isAnalysing = true
    try {
      for (;;) {
        const cib = this.#cib
        const now = this.#now()
        if (this.#isClosed || cib === undefined) return
        if (this.#analysis?.cibVersion === versionIn(cib) && now - this.#analysedMs < lookAgainMs) return
        const answer = await this.#thinker.ask(cib, now, { kind: 'analyse' })
        // A CIB that the scheduler cannot read, or one too many questions: it is not known, and is asked at the next change.
        if (!answer.ok) return
        this.#analysis = answer.value as Analysis
        this.#analysedMs = now
        this.#later()
      }
    } catch {
      // The thread is gone; the next change asks a new one.
    } finally {
      this.#isAnalysing = false
    }
  }
}
