import fs from 'node:fs'
import path from 'node:path'
import { Prng } from '@quorate/base'
import { parseMoment, schedule, simulate } from '@quorate/scheduler'
import { parseXml, type XmlElement } from '@quorate/xml'
import { idsIn, mutated } from './cib-mutation.ts'

/** A document to start from. */
export type Sample = {
  readonly name: string
  readonly text: string
  readonly root: XmlElement
  readonly ids: readonly string[]
}

/** Larger documents than this are left out: they take long, and have nothing that small ones lack. */
const sampleBytesMax = 24 * 1024

/** The present of every run. */
const nowSeconds = 1_790_000_000

/** Inputs of a scheduler suite, but the largest. @throws Error where the folder has none */
export function readSamples(folder: string): readonly Sample[] {
  const samples: Sample[] = []
  for (const name of fs.readdirSync(folder).sort()) {
    const file = path.join(folder, name)
    if (!name.endsWith('.xml') || fs.statSync(file).size > sampleBytesMax) continue
    const text = fs.readFileSync(file, 'utf8')
    const read = parseXml(text)
    if (read.ok) samples.push({ name, text, root: read.value, ids: idsIn(read.value) })
  }
  if (samples.length === 0) throw new Error(`${folder}: expected a scheduler suite with inputs NAME.xml`)
  return samples
}

/** One input: the same for the same seed and number, whatever came before. */
export type FuzzInput = {
  readonly sample: string
  readonly root: XmlElement | undefined
  readonly text: string | undefined
}

/** Makes an input: mostly a changed tree; of one in 16 the text has changed bytes, and need not be XML any more. */
export function inputOf(seed: number, index: number, samples: readonly Sample[]): FuzzInput {
  const prng = new Prng((BigInt(seed) << 32n) | BigInt(index))
  const sample = prng.pick(samples)
  if (prng.chance(1, 16)) {
    const text = damagedText(prng, sample.text)
    const read = parseXml(text)
    return { sample: sample.name, root: read.ok ? read.value : undefined, text }
  }
  const documents = [sample.root, prng.pick(samples).root]
  let { root } = sample
  for (let left = prng.between(1, 6); left > 0; left -= 1) root = mutated(prng, root, { documents, ids: sample.ids })
  return { sample: sample.name, root, text: undefined }
}

function damagedText(prng: Prng, text: string): string {
  let damaged = text
  for (let left = prng.between(1, 4); left > 0; left -= 1) {
    const at = prng.below(damaged.length + 1)
    const end = Math.min(damaged.length, at + prng.below(40))
    const middle = prng.pick([
      '',
      '"',
      '<',
      '>',
      '&',
      '/',
      '\u0000',
      ' a="b"',
      '<!--',
      ']]>',
      damaged.slice(at, end).repeat(2),
    ])
    damaged = damaged.slice(0, at) + middle + damaged.slice(end)
  }
  return damaged
}

/** Decides on an input; carries every fourth out as well. @throws Error where the scheduler breaks */
export function runInput(input: FuzzInput, index: number): void {
  const { root } = input
  if (root === undefined) return
  if (index % 4 !== 0) {
    schedule(root, { nowSeconds })
    return
  }
  const text = '2026-11-24 12:00:00Z'
  const moment = parseMoment(text, { epochSeconds: nowSeconds, offsetSeconds: 0 })
  const timed = index % 8 === 0 && moment !== undefined ? { effectiveTime: { text, ...moment } } : {}
  simulate(root, { nowSeconds, process: true, simulate: true, showsScores: true, showsUtilization: true, ...timed })
}
