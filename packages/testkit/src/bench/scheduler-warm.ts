import fs from 'node:fs'
import { isValidCib } from '@quorate/cib'
import { schedule } from '@quorate/scheduler'
import { parseXml } from '@quorate/xml'

/** What {@link warmFigures} prints: the best of several turns, and the most memory the process ever had. */
export type WarmFigures = {
  /** Wall time from the text of a CIB to its transition graph. */
  readonly wholeMs: number
  /** Wall time from the parsed CIB to its transition graph: what a daemon spends, which holds the CIB as a tree. */
  readonly decideMs: number
  readonly decideCpuMs: number
  readonly residentKb: number
}

/** Runs the scheduler on a file again and again in this process, as a daemon does. */
function warmFigures(file: string, turns: number): WarmFigures {
  const text = fs.readFileSync(file, 'utf8')
  const nowSeconds = Math.floor(Date.now() / 1000)
  let [wholeMs, decideMs, decideCpuMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let turn = 0; turn < turns; turn += 1) {
    const began = performance.now()
    const parsed = parseXml(text)
    if (!parsed.ok || !isValidCib(parsed.value)) throw new Error(`${file}: expected a valid CIB`)
    const cpu = process.cpuUsage()
    const ready = performance.now()
    schedule(parsed.value, { nowSeconds })
    const done = performance.now()
    const { user, system } = process.cpuUsage(cpu)
    wholeMs = Math.min(wholeMs, done - began)
    decideMs = Math.min(decideMs, done - ready)
    decideCpuMs = Math.min(decideCpuMs, (user + system) / 1000)
  }
  return { wholeMs, decideMs, decideCpuMs, residentKb: process.resourceUsage().maxRSS }
}

const [file = '', turns = '1'] = process.argv.slice(2)
process.stdout.write(JSON.stringify(warmFigures(file, Number(turns))))
