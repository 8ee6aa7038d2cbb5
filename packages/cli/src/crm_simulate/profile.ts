import fs from 'node:fs'
import { exitCodes } from '@quorate/cib'
import { type Remark, type SimulationOutcome, type SimulationRequest, simulate } from '@quorate/scheduler'
import { element, parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { logLines } from '../pacemaker/log-lines.ts'
import type { Output } from '../pacemaker/output.ts'
import { xmlText } from '../pacemaker/xml-text.ts'

/** What is to be done with each file of a folder. */
export type Profile = {
  readonly folder: string
  readonly repeat: number
  readonly verbosity: number
  /** Words in which a time was asked for, where they are to be told. */
  readonly moment: string | undefined
  /** Whether lines stand under a title; without, where scores are asked for. */
  readonly hasTitle: boolean
  readonly request: SimulationRequest
}

/** Names of the elements that scores and capacities stand in. */
const scoreLists = ['allocations', 'utilizations', 'allocations_utilizations']

/**
 * Runs the scheduler over every CIB of a folder, the last by name first, and tells how long each took. Of scores only
 * those of the first file are told, as by the C program. A folder that cannot be read has nothing to tell.
 */
export function profileFolder(profile: Profile, output: Output): number {
  const files = filesOf(profile.folder)
  if (files === undefined) return output.end(exitCodes.ok)
  const { host } = output
  const say = (text: string): void => {
    if (!output.isData) host.out(profile.hasTitle ? `  * ${text}\n` : `${text}\n`)
  }
  const timings: XmlElement[] = []
  const toldOnce = new Set<string>()
  const isNews = (remark: Remark): boolean => {
    if (typeof remark === 'string' || remark.isToldOnce !== true) return true
    if (toldOnce.has(remark.text)) return false
    toldOnce.add(remark.text)
    return true
  }
  if (!output.isData && profile.hasTitle) host.out('Timings:\n')
  for (const file of files) {
    const result = parseXml(xmlText(fs.readFileSync(file)))
    if (!result.ok) {
      host.err(`crm_simulate: ${xmlErrorText(result.error, file)}\n`)
      continue
    }
    const isFirst = file === files[0]
    const { showsScores, showsUtilization } = profile.request
    const request = {
      ...profile.request,
      showsScores: isFirst && showsScores === true,
      showsUtilization: isFirst && showsUtilization === true,
    }
    const began = process.hrtime.bigint()
    for (let i = 0; i < profile.repeat; i += 1) {
      if (profile.moment !== undefined && !output.isData) {
        host.out(`Setting effective cluster time: ${profile.moment}\n`)
      }
      const outcome = simulate(result.value, request)
      host.err(outcome.warnings.map((line) => `${line}\n`).join(''))
      host.err(logLines(outcome.remarks.filter(isNews), profile.verbosity))
      if (!isFirst) continue
      for (const line of scoresOf(outcome)) say(line)
      timings.push(...outcome.report.flatMap(({ name, children }) => (scoreLists.includes(name) ? children : [])))
    }
    const seconds = Number(process.hrtime.bigint() - began) / 1e9
    say(`Testing ${file} ... ${seconds.toFixed(2)} secs`)
    timings.push(element('timing', { file, duration: seconds.toFixed(6) }))
  }
  return output.end(exitCodes.ok, [element('timings', {}, timings)])
}

function filesOf(folder: string): readonly string[] | undefined {
  try {
    return fs
      .readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.name.endsWith('.xml') && !entry.name.startsWith('.') && !entry.isDirectory())
      .map(({ name }) => `${folder}/${name}`)
      .sort()
      .reverse()
  } catch {
    return undefined
  }
}

function scoresOf({ remarks }: SimulationOutcome): readonly string[] {
  return remarks.flatMap((remark) => (typeof remark !== 'string' && remark.kind === 'score' ? [remark.text] : []))
}
