import fs from 'node:fs'
import path from 'node:path'
import { exitCodes } from '@quorate/cib'
import { simulate } from '@quorate/scheduler'
import { element, parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import type { ToolHost } from '../pacemaker/tool-host.ts'

/** How long a file took. */
export type Timing = { readonly file: string; readonly seconds: number }

/** Timings as text. */
export function timingText(timings: readonly Timing[]): string {
  const lines = timings.map(({ file, seconds }) => `  * Testing ${file} ... ${seconds.toFixed(2)} secs\n`)
  return `Timings:\n${lines.join('')}`
}

/** Timings as an element. */
export function timingElement(timings: readonly Timing[]): XmlElement {
  const items = timings.map(({ file, seconds }) => element('timing', { file, duration: seconds.toFixed(6) }))
  return element('timings', {}, items)
}

/** Runs the scheduler over every CIB of a folder, and shows how long each took. */
export function profileFolder(
  folder: string,
  repeat: number,
  host: ToolHost,
): { readonly code: number; readonly timings: readonly Timing[] } {
  let names: readonly string[]
  try {
    names = fs
      .readdirSync(folder)
      .filter((name) => name.endsWith('.xml'))
      .sort()
  } catch (fault) {
    host.err(`crm_simulate: Could not read ${folder}: ${fault instanceof Error ? fault.message : String(fault)}\n`)
    return { code: exitCodes.noInput, timings: [] }
  }
  const timings: Timing[] = []
  for (const name of names) {
    const result = parseXml(fs.readFileSync(path.join(folder, name), 'utf8'))
    if (!result.ok) {
      host.err(`crm_simulate: ${xmlErrorText(result.error, name)}\n`)
      continue
    }
    const began = process.hrtime.bigint()
    const nowSeconds = Math.floor(host.now() / 1000)
    for (let i = 0; i < repeat; i += 1) {
      simulate(result.value, { nowSeconds, process: true, simulate: false, quiet: true })
    }
    const seconds = Number(process.hrtime.bigint() - began) / 1e9
    timings.push({ file: path.join(folder, name), seconds })
  }
  return { code: exitCodes.ok, timings }
}
