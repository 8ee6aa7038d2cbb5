import { exitCodes } from '@quorate/cib'
import { FencerClient, isDone } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import { fencingExit } from '../pacemaker/fencing-outcome.ts'
import { inOrderShown } from '../pacemaker/fencing-text.ts'
import type { FencingHistory } from './view.ts'

/** Time between two attempts to reach a fencer that went away, in milliseconds. */
const reconnectMs = 2000

/** Asks the fencer of this machine once for what it remembers. */
export async function takeFencingHistory(): Promise<FencingHistory> {
  let client: FencerClient | undefined
  try {
    client = await FencerClient.connect({ name: 'crm_mon' })
    return await historyOf(client)
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
    return { code: exitCodes.disconnect }
  } finally {
    client?.close()
  }
}

async function historyOf(client: FencerClient): Promise<FencingHistory> {
  const { outcome, records } = await client.history()
  return isDone(outcome) ? { records: inOrderShown(records) } : { code: fencingExit(outcome).code }
}

/** Follows what the fencer of this machine remembers, and looks for it again when it went away. */
export class FencingFollower {
  readonly #changed: () => void
  #history: FencingHistory = { records: [] }
  #client: FencerClient | undefined
  #retry: NodeJS.Timeout | undefined
  #isClosed = false
  #isAsking = false
  /** Whether there was news while the last question was on its way. */
  #isStale = false

  /** @param changed told after each change of {@link history} */
  constructor(changed: () => void) {
    this.#changed = changed
    void this.#connect()
  }

  get history(): FencingHistory {
    return this.#history
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#client?.close()
  }

  async #connect(): Promise<void> {
    try {
      const client = await FencerClient.connect({ name: 'crm_mon', onClose: () => this.#lose() })
      this.#client = client
      if (this.#isClosed) return client.close()
      await client.onNews(() => void this.#ask(client))
      await this.#ask(client)
    } catch (fault) {
      if (!(fault instanceof IpcError)) throw fault
      this.#lose()
    }
  }

  async #ask(client: FencerClient): Promise<void> {
    this.#isStale = true
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      while (this.#isStale && !this.#isClosed) {
        this.#isStale = false
        this.#take(await historyOf(client))
      }
    } catch (fault) {
      if (!(fault instanceof IpcError)) throw fault
      this.#lose()
    } finally {
      this.#isAsking = false
    }
  }

  #lose(): void {
    if (this.#isClosed) return
    this.#client?.close()
    this.#client = undefined
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.#connect(), reconnectMs)
    this.#take({ code: exitCodes.disconnect })
  }

  #take(history: FencingHistory): void {
    if (this.#isClosed) return
    this.#history = history
    this.#changed()
  }
}
