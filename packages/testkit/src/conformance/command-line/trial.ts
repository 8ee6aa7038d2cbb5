import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { crmSimulate, crmVerify, tryTool } from '@quorate/cli/in-process'
import { formatXml, type XmlElement } from '@quorate/xml'

const ours = { crm_simulate: crmSimulate, crm_verify: crmVerify }
export const toolNames = ['crm_simulate', 'crm_verify'] as const
export type ToolName = (typeof toolNames)[number]

/** A tool's command line on a CIB. `%/` in words stands for the folder of the run. */
export type Trial = {
  readonly tool: ToolName
  /** What belongs together, as an option and its argument do, in order. */
  readonly line: readonly (readonly string[])[]
  /** In `%/in.xml` and `%/many/in.xml`, on standard input, and the cluster's. */
  readonly cib: XmlElement
  /** In `%/many/more.xml`. */
  readonly other?: XmlElement
}

/** How a run ended, what it said and what it left behind, by name: `code`, `out`, `err`, and `file NAME` each. */
export type Traces = ReadonlyMap<string, string>

/** The installed program crashed, or did not end within its processor time. */
export type Breakdown = 'aborted' | 'endless'

/** Longest that the installed program may work, in seconds of processor time. */
const patienceCpuSeconds = 10

/** Where the installed program doubts itself it says so, and from there on more than it was asked for. */
const assertion = /^\(log_assertion_as\)/m
/** Exit code of the installed program where it finds a fault of its own. */
const softwareExit = 70

const inputFile = 'in.xml'
const manyFolder = 'many'

/** Words of a line with the folder that `%/` stands for. */
function wordsIn(line: Trial['line'], folder: string): readonly string[] {
  return line.flat().map((word) => word.replaceAll('%/', `${folder}/`))
}

function prepare({ line, cib, other }: Trial, folder: string): void {
  for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name), { recursive: true })
  const text = formatXml(cib)
  fs.writeFileSync(path.join(folder, inputFile), text)
  if (!line.flat().some((word) => word.includes(`%/${manyFolder}`))) return
  const many = path.join(folder, manyFolder)
  fs.mkdirSync(many)
  fs.writeFileSync(path.join(many, inputFile), text)
  if (other !== undefined) fs.writeFileSync(path.join(many, 'more.xml'), formatXml(other))
}

/** How long something took is not the same twice. */
function untimed(text: string): string {
  return text.replace(/\d+\.\d+ secs|duration="\d+\.\d+"/g, 'a while')
}

function tracesOf(
  { code, out, err }: { readonly code: number; readonly out: string; readonly err: string },
  folder: string,
): Traces {
  const traces = new Map([
    ['code', String(code)],
    ['out', untimed(out)],
    ['err', err],
  ])
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const file = path.join(folder, entry.name)
    const mode = (fs.statSync(file).mode & 0o777).toString(8)
    traces.set(`file ${entry.name}`, `${mode}\n${untimed(fs.readFileSync(file, 'utf8'))}`)
  }
  return traces
}

function environment(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LC_ALL: 'C.UTF-8',
    CIB_file: path.join(folder, inputFile),
    CIB_shadow_dir: folder,
    PCMK_schema_directory: '/usr/share/pacemaker',
  }
}

/** Runs the installed program; the system itself ends one that never would. */
export function tracesOfReal(trial: Trial, folder: string, signal?: AbortSignal): Promise<Traces | Breakdown> {
  prepare(trial, folder)
  // Asked to edit what is no file, the installed program writes a file called `-` where it stands.
  const cwd = path.join(folder, 'elsewhere')
  fs.mkdirSync(cwd)
  const argv = ['--core=0', `--cpu=${patienceCpuSeconds}`, trial.tool, ...wordsIn(trial.line, folder)]
  return new Promise((resolve, reject) => {
    const child = spawn('prlimit', argv, { cwd, env: environment(folder), ...(signal === undefined ? {} : { signal }) })
    const texts = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      texts.out += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      texts.err += chunk
    })
    child.on('error', reject)
    child.on('close', (code, by) => {
      if (code === softwareExit && assertion.test(texts.err)) resolve('aborted')
      else if (code !== null) resolve(tracesOf({ code, ...texts }, folder))
      else resolve(by === 'SIGXCPU' || by === 'SIGKILL' ? 'endless' : 'aborted')
    })
    // A program that does not read its input closes it.
    child.stdin.on('error', () => undefined)
    child.stdin.end(formatXml(trial.cib))
  })
}

/** Runs ours in this process, in a given second since 1970. @throws what ours throws */
export async function tracesOfOurs(trial: Trial, folder: string, nowSeconds: number): Promise<Traces> {
  prepare(trial, folder)
  const told = await tryTool(ours[trial.tool], wordsIn(trial.line, folder), {
    env: environment(folder),
    input: formatXml(trial.cib),
    nowMs: nowSeconds * 1000,
  })
  return tracesOf(told, folder)
}

/** Traces in which all seconds of a span are the same one, as they are where a run did not take longer than that. */
function inOneSecond(traces: Traces, first: number, last: number): Traces {
  if (first === last) return traces
  const seconds = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  const texts = seconds.flatMap((now) => [String(now), new Date(now * 1000).toTimeString().slice(0, 8)])
  const pattern = new RegExp(texts.join('|'), 'g')
  return new Map([...traces].map(([name, text]) => [name, text.replace(pattern, 'NOW')]))
}

/** Names of what differs between two runs. */
export function differingTraces(expected: Traces, actual: Traces): readonly string[] {
  const isCertain = !assertion.test(expected.get('err') ?? '')
  return [...new Set([...expected.keys(), ...actual.keys()])].filter(
    (name) => expected.get(name) !== actual.get(name) && (isCertain || name !== 'err'),
  )
}

/** The same trial of both. */
export type Comparison = { readonly expected: Traces | Breakdown; readonly actual: Traces }

/** Runs both, ours in the second in which the installed program began. @throws what ours throws */
export async function compareTrial(trial: Trial, folder: string, signal?: AbortSignal): Promise<Comparison> {
  const second = (): number => Math.floor(Date.now() / 1000)
  const first = second()
  const real = await tracesOfReal(trial, folder, signal)
  const last = second()
  const actual = inOneSecond(await tracesOfOurs(trial, folder, first), first, last)
  return { expected: typeof real === 'string' ? real : inOneSecond(real, first, last), actual }
}

/** A trial as one would type it in the folder of its run. */
export function lineText({ tool, line }: Trial): string {
  const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
  return [tool, ...line.flat().map((word) => quoted(word.replaceAll('%/', '')))].join(' ')
}
