import fs from 'node:fs'
import { type CmapAdminClient, type CmapValue, CsError, connectRing } from '@quorate/corosync/client'
import { hasOption, lastValue, readToolLine, type ToolLine } from '../corosync-tools/tool-line.ts'
import type { Tool } from '../tool.ts'
import { cmapctlOptions, cmapctlUsage } from './options.ts'
import { keyLine, parseValue, typeText, valueText } from './value-text.ts'

const exitOk = 0
const exitFailure = 1
const clearable = ['knet', 'totem', 'ipc', 'schedmiss', 'all']
const maps = ['default', 'icmap', 'stats']

/** How values are shown. */
type Show = { readonly binary: boolean; readonly quiet: boolean; readonly json: boolean }

/** corosync-cmapctl(8): reads and writes the map of configuration and state. */
export const run: Tool = async (argv) => {
  const line = readToolLine('corosync-cmapctl', argv, cmapctlOptions)
  if (typeof line === 'string') return complain(line)
  if (hasOption(line, 'help')) return print(cmapctlUsage)
  const map = lastValue(line, 'map') ?? 'default'
  if (!maps.includes(map)) return complain("invalid map name, must be 'default', 'icmap' or 'stats'\n")
  const clear = lastValue(line, 'clear')
  if (clear !== undefined && !clearable.includes(clear)) {
    return complain("argument to -C should be 'knet', 'totem', 'ipc', 'schedmiss' or 'all'\n")
  }
  const action = line.options.findLast(({ name }) => actions.has(name))?.name
  if (action !== undefined && needsKey.has(action) && line.operands.length === 0) {
    return complain('Expected key after options\n')
  }
  if (action === 'set' && line.operands.length < 3) return complain('At least 3 parameters are expected for set\n')
  const ring = connectRing({ tryAgainForMs: 0 })
  let lost: () => void = () => undefined
  const isLost = new Promise<number>((resolve) => {
    lost = () => resolve(complain('The connection to corosync was lost\n'))
  })
  let cmap: CmapAdminClient
  try {
    // The keys that clear statistics stand in the map of configuration: that of statistics takes no writes.
    cmap = await (map === 'stats' && clear === undefined ? ring.cmapStats(lost) : ring.cmap(lost))
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    return complain(`Failed to initialize the cmap API. Error ${error.code}\n`)
  }
  try {
    return await Promise.race([act(cmap, line, action), isLost])
  } finally {
    cmap.close()
  }
}

const actions = new Set(['set', 'clear', 'load', 'delete', 'delete-prefix', 'get', 'track', 'track-prefix'])
const needsKey = new Set(['delete', 'delete-prefix', 'get', 'track', 'track-prefix'])

async function act(cmap: CmapAdminClient, line: ToolLine, action: string | undefined): Promise<number> {
  const { operands } = line
  const show = { binary: hasOption(line, 'binary'), quiet: hasOption(line, 'quiet'), json: line.outputAs === 'json' }
  switch (action) {
    case 'set':
      return setKey(cmap, operands[0] ?? '', operands[1] ?? '', operands[2] ?? '')
    case 'clear':
      return setKey(cmap, `stats.clear.${lastValue(line, 'clear')}`, 'u32', '1')
    case 'load':
      return load(cmap, lastValue(line, 'load') ?? '')
    case 'delete':
      return untilFailure(operands, (key) => deleteKey(cmap, key))
    case 'delete-prefix':
      for (const prefix of operands) await deletePrefix(cmap, prefix)
      return exitOk
    case 'get':
      return getKeys(cmap, operands, show)
    case 'track':
    case 'track-prefix':
      return track(cmap, operands, action === 'track-prefix', show)
    default:
      return showKeys(cmap, operands.length === 0 ? [''] : operands, show)
  }
}

async function untilFailure(keys: readonly string[], each: (key: string) => Promise<number>): Promise<number> {
  for (const key of keys) {
    const outcome = await each(key)
    if (outcome !== exitOk) return outcome
  }
  return exitOk
}

async function getKeys(cmap: CmapAdminClient, keys: readonly string[], show: Show): Promise<number> {
  const found: (readonly [string, CmapValue])[] = []
  const outcome = await untilFailure(keys, async (key) => {
    const value = await presentValue(cmap, key)
    if (value === undefined) return complain(`Can't get key ${key}. Error CS_ERR_NOT_EXIST\n`)
    found.push([key, value])
    return show.json ? exitOk : print(shown(key, value, show))
  })
  if (show.json) print(jsonText(found))
  return outcome
}

async function showKeys(cmap: CmapAdminClient, prefixes: readonly string[], show: Show): Promise<number> {
  const found: (readonly [string, CmapValue])[] = []
  for (const prefix of prefixes) {
    for (const key of await cmap.keys(prefix)) {
      const value = await cmap.get(key)
      if (value === undefined) continue
      found.push([key, value])
    }
  }
  print(show.json ? jsonText(found) : found.map(([key, value]) => shown(key, value, show)).join(''))
  return found.length === 0 ? exitFailure : exitOk
}

function shown(key: string, value: CmapValue, show: Show): string {
  return show.quiet ? `${valueText(value, show.binary) ?? ''}\n` : keyLine(key, value, show.binary)
}

/** A key that could not stand in the map is as one that is not there. */
async function presentValue(cmap: CmapAdminClient, key: string): Promise<CmapValue | undefined> {
  try {
    return await cmap.get(key)
  } catch (error) {
    if (error instanceof CsError && error.code === 'CS_ERR_INVALID_PARAM') return undefined
    throw error
  }
}

async function setKey(cmap: CmapAdminClient, key: string, type: string, text: string): Promise<number> {
  let value: CmapValue | string
  try {
    value = type === 'bin' ? { type: 'binary', value: readBinary(text) } : parseValue(type, text)
  } catch {
    return complain("Can't open input file: No such file or directory\n")
  }
  if (typeof value === 'string') return complain(`${value}\n`)
  if (value.type === 'binary' && value.value.byteLength === 0) {
    return complain(`Failed to set key ${key}. Error CS_ERR_INVALID_PARAM\n`)
  }
  try {
    await cmap.set(key, value)
    return exitOk
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    const code = error.code === 'CS_ERR_INVALID_PARAM' ? 'CS_ERR_NAME_TOO_LONG' : error.code
    return complain(`Failed to set key ${key}. Error ${code}\n`)
  }
}

function readBinary(file: string): Uint8Array {
  return fs.readFileSync(file === '-' ? 0 : file)
}

async function deleteKey(cmap: CmapAdminClient, key: string): Promise<number> {
  try {
    await cmap.delete(key)
    return exitOk
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    return complain(`Can't delete key ${key}. Error ${error.code}\n`)
  }
}

async function deletePrefix(cmap: CmapAdminClient, prefix: string): Promise<void> {
  for (const key of await cmap.keys(prefix)) await deleteKey(cmap, key)
}

/** Applies a file of settings, line by line, up to the first key that cannot be set. */
async function load(cmap: CmapAdminClient, file: string): Promise<number> {
  let text: string
  try {
    text = fs.readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch {
    complain("Couldn't open file.: No such file or directory\n")
    return exitOk
  }
  for (const row of text.split('\n')) {
    const [key = '', type, value] = row.trim().split(/\s+/)
    if (key === '' || key.startsWith('#')) continue
    const outcome = await applyRow(cmap, key, type, value)
    if (outcome !== exitOk) return outcome
  }
  return exitOk
}

async function applyRow(
  cmap: CmapAdminClient,
  key: string,
  type: string | undefined,
  value: string | undefined,
): Promise<number> {
  if (key.startsWith('^^')) {
    await deletePrefix(cmap, key.slice(2))
    return exitOk
  }
  if (key.startsWith('^')) {
    await deleteKey(cmap, key.slice(1))
    return exitOk
  }
  if (type === undefined || value === undefined) {
    return complain(`Both type and value for key ${key} are required\n`)
  }
  return setKey(cmap, key, type, value)
}

/** Shows changes until somebody types q. */
async function track(cmap: CmapAdminClient, keys: readonly string[], prefix: boolean, show: Show): Promise<number> {
  print('Type "q" to finish\n')
  const known = new Map<string, CmapValue>()
  for (const key of keys) {
    for (const name of prefix ? await cmap.keys(key) : [key]) {
      const value = await presentValue(cmap, name)
      if (value !== undefined) known.set(name, value)
    }
    await cmap.track(key, { prefix }, (name, value) => {
      const old = known.get(name)
      if (value === undefined) known.delete(name)
      else known.set(name, value)
      const change = value === undefined ? 'delete' : old === undefined ? 'create' : 'modify'
      const text = value ?? old
      if (text !== undefined) print(`${change}> ${keyLine(name, text, show.binary)}`)
    })
  }
  await quitTyped()
  process.stdin.pause()
  return exitOk
}

function quitTyped(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.on('data', (data: Uint8Array) => {
      if (data.includes(0x71)) resolve()
    })
    process.stdin.once('end', resolve)
  })
}

function jsonText(found: readonly (readonly [string, CmapValue])[]): string {
  const keys = found.map(([key, value]) => ({
    key,
    type: typeText(value),
    value: typeof value.value === 'number' ? value.value : valueText(value, true),
  }))
  return `${JSON.stringify({ keys }, undefined, 2)}\n`
}

function print(text: string): number {
  process.stdout.write(text)
  return exitOk
}

function complain(text: string): number {
  process.stderr.write(text)
  return exitFailure
}
