import { invariant } from '@quorate/base'
import { type CibCall, performCall, versionOf, withVersion } from '@quorate/cib'
import { whatIfWithEnd } from '@quorate/scheduler'
import { element, type XmlElement } from '@quorate/xml'
import type { ChangeResult, ClusterSource, SourceListener } from './cluster-source.ts'

/** A cluster of nothing but values: its CIB obeys the rules of the CIB manager, and does what is to be done when told to. */
export class SampleSource implements ClusterSource {
  readonly kind = 'cluster'
  readonly name = 'sample'
  readonly isWritable = true
  cib: XmlElement
  /** Operations on the CIB that have changed it. */
  readonly changes: string[] = []
  /** Told before each patch is applied: what comes in between. */
  onPatch: () => void = () => undefined
  #listener: SourceListener | undefined

  constructor(cib: XmlElement) {
    this.cib = cib
  }

  start(listener: SourceListener): void {
    this.#listener = listener
    listener.seen(this.cib)
  }

  async patch(diff: XmlElement): Promise<ChangeResult> {
    this.onPatch()
    return this.perform({ op: 'cib_apply_diff', data: diff })
  }

  async removeConstraints(ids: readonly string[]): Promise<ChangeResult> {
    const items = ids.map((id) => element('rsc_location', { id }))
    return this.perform({ op: 'cib_delete', section: 'constraints', data: element('constraints', {}, items) })
  }

  async forgetAttribute(): Promise<ChangeResult> {
    return { rc: 0, text: '' }
  }

  async cleanUp(): Promise<ChangeResult> {
    return { rc: 0, text: '' }
  }

  close(): void {
    this.#listener = undefined
  }

  /** One operation of somebody else. */
  perform(call: CibCall): ChangeResult {
    const done = performCall(this.cib, call, { isValid: () => true })
    if (done.rc === 0 && done.cib !== this.cib) {
      this.changes.push(call.op)
      this.cib = done.cib
      this.#listener?.seen(this.cib)
    }
    return { rc: done.rc, text: done.rc === 0 ? '' : `code ${done.rc}` }
  }

  /** Does all that there is to do. */
  settle(nowSeconds: number): void {
    const done = whatIfWithEnd(this.cib, {}, { nowSeconds })
    invariant(done.ok, 'nothing is unknown')
    const { updates } = versionOf(this.cib)
    this.cib = withVersion(done.value.end, { updates: updates + 1 })
    this.#listener?.seen(this.cib)
  }

  lose(reason: string): void {
    this.#listener?.lost(reason)
  }
}
