import type { OperationInput } from '../api/index.ts'
import { afterApply, afterPreview, type ChangeFlow, noChange } from './change-flow.ts'
import type { ClusterStore } from './cluster-store.ts'
import { Observable } from './observable.ts'
import { idempotencyKey, type Server } from './server.ts'

/** Takes one change at a time through preview and application. An answer to what is no longer asked is thrown away. */
export class ChangeController {
  readonly flow = new Observable<ChangeFlow>(noChange)
  readonly #server: Server
  readonly #store: ClusterStore

  constructor(server: Server, store: ClusterStore) {
    this.#server = server
    this.#store = store
  }

  /** Asks what a change would do. Changes nothing. */
  request(request: OperationInput): void {
    void this.#preview({ step: 'previewing', request, replaced: undefined })
  }

  /** Has done what was previewed; a second call meanwhile does nothing. */
  async apply(confirmation: string | undefined): Promise<void> {
    const flow = this.flow.value
    if (flow.step !== 'previewed') return
    await this.#send({ step: 'applying', request: flow.request, preview: flow.preview, key: flow.key, confirmation })
  }

  /** Sends the same again where no answer came, else asks for a new preview. */
  async retry(): Promise<void> {
    const flow = this.flow.value
    if (flow.step !== 'refused') return
    const { request, problem, applied } = flow
    if (applied === undefined || problem.code !== 'unreachable') this.request(request)
    else await this.#send({ step: 'applying', request, ...applied })
  }

  async #send(applying: Extract<ChangeFlow, { step: 'applying' }>): Promise<void> {
    this.flow.set(applying)
    const { request, preview, key, confirmation } = applying
    const answer = await this.#server.begin(request, preview.cibVersion, key, confirmation)
    if (answer.ok) this.#store.noteOperation(answer.value)
    if (this.flow.value !== applying) return
    const next = afterApply(applying, answer)
    if (next.step === 'previewing') await this.#preview(next)
    else this.flow.set(next)
  }

  dismiss(): void {
    this.flow.set(noChange)
  }

  async #preview(previewing: Extract<ChangeFlow, { step: 'previewing' }>): Promise<void> {
    this.flow.set(previewing)
    const answer = await this.#server.preview(previewing.request)
    if (this.flow.value === previewing) this.flow.set(afterPreview(previewing, answer, idempotencyKey()))
  }
}
