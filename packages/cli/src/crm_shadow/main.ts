import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { cibFileText, emptyCib, exitCodeOf, exitCodes, faultText, newestSchema } from '@quorate/cib'
import { child, parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { openCib, shadowFile } from '../pacemaker/cib-access.ts'
import { type Given, helpText, parseLine } from '../pacemaker/command-line.ts'
import { exiting } from '../pacemaker/log-lines.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import { processHost, type ToolHost, toolFileMode, versionText } from '../pacemaker/tool-host.ts'
import { Options } from '../pacemaker/tool-options.ts'
import { xmlText } from '../pacemaker/xml-text.ts'
import type { Tool } from '../tool.ts'
import { differenceText } from './difference.ts'
import { shadowOptions } from './options.ts'

const name = 'crm_shadow'
const commands = [
  'which',
  'display',
  'edit',
  'diff',
  'file',
  'create',
  'create-empty',
  'commit',
  'delete',
  'reset',
  'switch',
]
const noActive = 'No active shadow configuration defined\n'
/** Commands about the active shadow. */
const ofActive = ['which', 'display', 'edit', 'diff', 'file']
/** Commands that may be about another shadow than the active one. */
const ofAny = ['switch', 'create']
const forceNeeded =
  '  To prevent accidental destruction of the cluster, the --force flag is required in order to proceed.\n'

/** crm_shadow: configurations to try things on before the cluster has them (behaviour/pacemaker-tools.md 13). */
export const run: Tool = (argv) => crmShadow(argv, processHost())

/** A command's end that is not its success. */
class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: number
  constructor(code: number, text: string) {
    super(text)
    this.code = code
  }
}

/** {@link run} on a given host. */
export async function crmShadow(argv: readonly string[], host: ToolHost): Promise<number> {
  // What is asked about the active shadow is refused as soon as it is read.
  if (host.env['CIB_shadow'] === undefined && asksActive(argv)) {
    host.err(noActive)
    return exitCodes.noSuchObject
  }
  const line = parseLine(argv, shadowOptions, 'getopt')
  const help = helpText(`${name} COMMAND [OPTIONS]`, 'Makes and uses shadows of the configuration.', shadowOptions)
  if (!line.ok) {
    host.err(`${name}: ${line.message}\n${help}`)
    return exitCodes.usage
  }
  const options = new Options(line.options, line.operands)
  if (options.has('help') || options.has('version')) {
    host.out(options.has('help') ? help : versionText)
    return exitCodes.ok
  }
  return exiting(name, await answer(options, help, host), host, options)
}

/** Whether the options of a line, up to the first that is about the active shadow, can be read and one is. */
function asksActive(argv: readonly string[]): boolean {
  for (let count = 1; count <= argv.length; count += 1) {
    const line = parseLine(argv.slice(0, count), shadowOptions, 'getopt')
    const last = line.ok ? line.options.at(-1)?.long : undefined
    if (last === 'help' || last === 'version') return false
    if (last !== undefined && ofActive.includes(last)) return true
  }
  return false
}

async function answer(options: Options, help: string, host: ToolHost): Promise<number> {
  if (options.operands.length > 0) host.out(`non-option ARGV-elements: ${options.operands.join(' ')} \n`)
  const command = options.last(commands)
  if (options.operands.length > 0 || (command === undefined && options.given.length === 0)) {
    host.err(help)
    return exitCodes.usage
  }
  if (command === undefined) {
    host.err('No shadow instance provided\n')
    return exitCodes.noSuchObject
  }
  try {
    return await perform(command, options, host)
  } catch (fault) {
    if (!(fault instanceof Failure)) throw fault
    host.err(fault.message)
    return fault.code
  }
}

async function perform(command: Given, options: Options, host: ToolHost): Promise<number> {
  const active = host.env['CIB_shadow']
  const named = command.value
  if (named === undefined && active === undefined) {
    throw new Failure(exitCodes.noSuchObject, noActive)
  }
  // An empty name is as good as any other.
  if (named !== undefined && !/^[\w.-]*$/.test(named)) {
    throw new Failure(exitCodes.usage, `Invalid shadow name '${named}': expected letters, digits, '.', '-' and '_'\n`)
  }
  const shadow = named ?? active ?? ''
  const file = shadowFile(host.env, shadow)
  const isOther = active !== undefined && active !== shadow && !ofAny.includes(command.long)
  if (isOther && !options.has('force')) {
    const text = `The supplied shadow instance (${shadow}) is not the same as the active one (${active}).\n`
    throw new Failure(exitCodes.usage, text + forceNeeded)
  }
  switch (command.long) {
    case 'which':
      host.out(`${shadow}\n`)
      return exitCodes.ok
    case 'file':
      host.out(`${file}\n`)
      return exitCodes.ok
    case 'display':
      host.out(cibFileText(read(shadow, file)))
      return exitCodes.ok
    case 'edit':
      return edit(shadow, file, host)
    case 'diff': {
      const text = differenceText(await clusterCib(host), read(shadow, file))
      host.out(text)
      return text === '' ? exitCodes.ok : exitCodes.error
    }
    case 'commit':
      return commit(shadow, file, options, host)
    case 'delete':
      return remove(file, options, host)
    case 'switch':
      read(shadow, file)
      return use(shadow, 'To switch to the named shadow instance,', options, host)
    default:
      return create(command.long, shadow, file, options, host)
  }
}

function read(shadow: string, file: string): XmlElement {
  let text: string
  try {
    text = xmlText(fs.readFileSync(file))
  } catch {
    const why = 'No such file or directory'
    throw new Failure(exitCodes.noSuchObject, `Could not access shadow instance '${shadow}': ${why}\n`)
  }
  const parsed = parseXml(text)
  if (parsed.ok) return parsed.value
  throw new Failure(exitCodes.data, `${xmlErrorText(parsed.error, file)}\n`)
}

/** The CIB behind the shadow. */
function beneath(host: ToolHost): ToolHost {
  return { ...host, env: { ...host.env, CIB_shadow: undefined } }
}

async function clusterCib(host: ToolHost): Promise<XmlElement> {
  const opened = await openCib(beneath(host), { name, isReadOnly: true })
  if (!opened.ok) throw connectFailure(opened.rc)
  const whole = await wholeCib(opened.cib)
  await opened.cib.close()
  if ('cib' in whole) return whole.cib
  throw connectFailure(whole.rc)
}

function connectFailure(rc: number): Failure {
  return new Failure(exitCodeOf(rc), `Could not connect to CIB: ${faultText(rc)}\n`)
}

async function create(kind: string, shadow: string, file: string, options: Options, host: ToolHost): Promise<number> {
  const schema = options.value('validate-with') ?? newestSchema
  const isEmpty = kind === 'create-empty'
  const cib = isEmpty ? emptyCib(0, schema) : await clusterCib(host)
  const exists = fs.existsSync(file)
  if (kind === 'reset' && !exists) read(shadow, file)
  if (kind !== 'reset' && exists && !options.has('force')) {
    throw new Failure(exitCodes.cannotCreate, `A shadow instance '${shadow}' already exists.\n${forceNeeded}`)
  }
  if (isEmpty) host.out(`Created new ${schema} configuration\n`)
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  fs.writeFileSync(file, cibFileText(cib), { mode: toolFileMode })
  return use(shadow, 'A new shadow instance was created.  To begin using it', options, host)
}

function use(shadow: string, what: string, options: Options, host: ToolHost): number {
  host.out('Setting up shadow instance\n')
  if (options.has('batch')) {
    host.out(`${what} paste the following into your shell:\n  CIB_shadow=${shadow} ; export CIB_shadow\n`)
    return exitCodes.ok
  }
  host.out('Type Ctrl-D to exit the crm_shadow shell\n')
  const shell = host.env['SHELL'] ?? '/bin/sh'
  const env = { ...process.env, CIB_shadow: shadow, PS1: `shadow[${shadow}] # ` }
  const argv = path.basename(shell) === 'bash' ? ['--norc', '--noprofile'] : []
  const done = spawnSync(shell, argv, { stdio: 'inherit', env })
  if (done.error === undefined) return exitCodes.ok
  throw new Failure(exitCodes.osError, `Cannot start ${shell}: ${done.error.message}\n`)
}

function edit(shadow: string, file: string, host: ToolHost): number {
  read(shadow, file)
  const editor = host.env['EDITOR']
  if (editor === undefined) throw new Failure(exitCodes.notConfigured, 'No value for EDITOR defined\n')
  const done = spawnSync(editor, [file], { stdio: 'inherit' })
  if (done.error === undefined) return done.status ?? exitCodes.error
  throw new Failure(exitCodes.osError, `Cannot start ${editor}: ${done.error.message}\n`)
}

function needForce(options: Options): void {
  if (options.has('force')) return
  throw new Failure(exitCodes.usage, `The supplied command is considered dangerous.${forceNeeded}`)
}

async function commit(shadow: string, file: string, options: Options, host: ToolHost): Promise<number> {
  needForce(options)
  const cib = read(shadow, file)
  const opened = await openCib(beneath(host), { name })
  if (!opened.ok) throw connectFailure(opened.rc)
  const isAll = options.has('all')
  const data = isAll ? cib : child(cib, 'configuration')
  const section = isAll ? undefined : 'configuration'
  const { rc } = await opened.cib.perform({ op: 'cib_replace', section, data })
  const closed = await opened.cib.close()
  const fault = rc === 0 ? closed : rc
  if (fault !== 0) host.err(`Could not commit shadow instance '${shadow}' to the CIB: ${faultText(fault)}\n`)
  forget(host)
  return exitCodeOf(fault)
}

function remove(file: string, options: Options, host: ToolHost): number {
  needForce(options)
  fs.rmSync(file, { force: true })
  return forget(host)
}

function forget(host: ToolHost): number {
  host.out(
    'Please remember to unset the CIB_shadow variable by pasting the following into your shell:\n  unset CIB_shadow\n',
  )
  return exitCodes.ok
}
