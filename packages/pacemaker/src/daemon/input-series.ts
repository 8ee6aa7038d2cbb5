import fs from 'node:fs'
import path from 'node:path'
import { cibDigest } from '@quorate/cib'
import { attr, descendants, withAttributes, writeXml, type XmlElement } from '@quorate/xml'
import { hostBzip2 } from '../client/bzip2.ts'

/** Kinds of saved inputs, by the worst that the scheduler said about them. */
export type InputKind = 'pe-error' | 'pe-warn' | 'pe-input'

/** How many of each kind are kept unless the cluster's options say otherwise; -1: all. */
const keptDefault: Readonly<Record<InputKind, number>> = { 'pe-error': -1, 'pe-warn': 5000, 'pe-input': 4000 }

/** What saving came to: the file, or why there is none. Neither when the series is switched off. */
export type SavedInput = { readonly file: string | undefined; readonly fault: string | undefined }

/**
 * Inputs of the scheduler on disk (behaviour/pacemaker-daemons.md 2.9): `KIND-N.bz2`, which crm_simulate can run again,
 * and `KIND.last`, the number of the next. The same input twice in a row is saved once.
 */
export class InputSeries {
  readonly #folder: string
  #last: { readonly digest: string; readonly file: string } | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  save(kind: InputKind, cib: XmlElement, epochS: number): SavedInput {
    const kept = keptOf(cib, kind)
    if (kept === 0) return { file: undefined, fault: undefined }
    const digest = cibDigest(cib)
    if (this.#last?.digest === digest) return { file: this.#last.file, fault: undefined }
    const number = this.#next(kind, kept)
    const file = path.join(this.#folder, `${kind}-${number}.bz2`)
    const packed = packedInput(cib, epochS)
    try {
      fs.writeFileSync(file, packed, { mode: 0o600 })
      fs.writeFileSync(this.#counter(kind), String(number + 1), { mode: 0o600 })
    } catch (error) {
      // Without the record the cluster works all the same: a full disk must not stop it.
      const reason = error instanceof Error ? error.message : String(error)
      return { file: undefined, fault: `Could not save the scheduler's input: ${reason}` }
    }
    this.#last = { digest, file }
    return { file, fault: undefined }
  }

  /** Does the work of {@link save} and saves nothing. */
  rehearse(cib: XmlElement, epochS: number): void {
    cibDigest(cib)
    packedInput(cib, epochS)
  }

  #next(kind: InputKind, kept: number): number {
    let text = ''
    try {
      text = fs.readFileSync(this.#counter(kind), 'utf8')
    } catch {
      return 0
    }
    const number = Number.parseInt(text, 10)
    return Number.isNaN(number) || number < 0 || (kept > 0 && number >= kept) ? 0 : number
  }

  #counter(kind: InputKind): string {
    return path.join(this.#folder, `${kind}.last`)
  }
}

function packedInput(cib: XmlElement, epochS: number): Uint8Array {
  const text = writeXml(withAttributes(cib, { 'execution-date': String(epochS) }))
  return hostBzip2.compress(Buffer.from(text, 'utf8'))
}

function keptOf(cib: XmlElement, kind: InputKind): number {
  for (const item of descendants(cib)) {
    if (item.name === 'status') break
    if (item.name !== 'nvpair' || attr(item, 'name') !== `${kind}-series-max`) continue
    const value = Number.parseInt(attr(item, 'value') ?? '', 10)
    if (!Number.isNaN(value)) return value
  }
  return keptDefault[kind]
}
