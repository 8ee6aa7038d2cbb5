import { cmapText, cmapU8, cmapU16, cmapU32, cmapU64, isCmapKey, type RawValue } from '../cmap/cmap-value.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigSection, ConfigSetting } from './config-text.ts'
import { type Option, optionOf } from './options.ts'

/** A setting with its key in cmap, its text, and where it stands. */
export type ConfigEntry = {
  readonly key: string
  readonly value: string
  readonly line: number
  /** Undefined for a key that the daemon does not know. */
  readonly option: Option | undefined
}

const limits = { u8: 255n, u16: 65_535n, u32: 4_294_967_295n, u64: 18_446_744_073_709_551_615n } as const

/**
 * Flattens the sections to keys of cmap, checking each value against its option.
 *
 * Members of lists are numbered or named: `nodelist.node.0.nodeid`, `totem.interface.0.mcastport`,
 * `logging.logger_subsys.CPG.debug`, `uidgid.config.uid.1000`.
 *
 * @throws ConfigError with the line and what was expected
 */
export function configEntries(file: string, root: ConfigSection): readonly ConfigEntry[] {
  const entries: ConfigEntry[] = []
  let nodes = 0
  const add = (key: string, setting: ConfigSetting, option: Option | undefined): void => {
    if (!isCmapKey(key)) {
      throw new ConfigError(file, setting.line, `Key "${key}" is expected to be 3 to 255 of A-Z a-z 0-9 . _ - / :`)
    }
    check(file, key, setting, option)
    entries.push({ key, value: setting.value, line: setting.line, option })
  }
  const walk = (section: ConfigSection, path: string, generic: string): void => {
    for (const setting of section.settings) {
      if (generic === 'uidgid') entries.push(userEntry(file, setting))
      else add(dotted(path, setting.key), setting, optionOf(dotted(generic, setting.key)))
    }
    for (const inner of section.sections) {
      const name = dotted(generic, inner.name)
      if (name === 'nodelist.node') walk(inner, `nodelist.node.${nodes++}`, name)
      else if (name === 'totem.interface') walk(inner, `totem.interface.${linkOf(file, inner)}`, name)
      else if (name === 'logging.logger_subsys') walk(inner, dotted(name, subsystemOf(file, inner)), 'logging')
      else walk(inner, dotted(path, inner.name), name)
    }
  }
  walk(root, '', '')
  return entries
}

/** The value of an entry as cmap holds it. */
export function entryValue({ value, option }: ConfigEntry): RawValue {
  switch (option?.type) {
    case 'u8':
      return cmapU8(Number(value))
    case 'u16':
      return cmapU16(Number(value))
    case 'u32':
      return cmapU32(Number(value))
    case 'u64':
      return cmapU64(BigInt(value))
    default:
      return cmapText(value)
  }
}

function check(file: string, key: string, { value, line }: ConfigSetting, option: Option | undefined): void {
  if (option === undefined || option.type === 'text') return
  const type = option.type
  if (type === 'u8' || type === 'u16' || type === 'u32' || type === 'u64') {
    const min = BigInt(option.min ?? 0)
    const max = option.max === undefined ? limits[type] : BigInt(option.max)
    const isNumber = /^\d{1,20}$/.test(value)
    if (isNumber && BigInt(value) >= min && BigInt(value) <= max) return
    const range = `(${min}..${max})`
    const text = `Value of key "${key}" is expected to be integer in range ${range}, but "${value}" was given`
    throw new ConfigError(file, line, text)
  }
  if (type.includes(value)) return
  const words = `${type.slice(0, -1).join(', ')}${type.length > 1 ? ' or ' : ''}${type[type.length - 1]}`
  throw new ConfigError(file, line, `Value of key "${key}" is expected to be ${words}, but "${value}" was given`)
}

function userEntry(file: string, { key, value, line }: ConfigSetting): ConfigEntry {
  if (key !== 'uid' && key !== 'gid') {
    throw new ConfigError(file, line, `uidgid: Only uid and gid are allowed items, but "${key}" was given`)
  }
  const shape = { name: `uidgid.${key}`, type: 'u8', doc: 'a user or group that may connect' } as const
  return { key: `uidgid.config.${key}.${value}`, value: '1', line, option: shape }
}

function linkOf(file: string, section: ConfigSection): number {
  const setting = section.settings.find((item) => item.key === 'linknumber')
  const link = Number(setting?.value ?? 0)
  if (Number.isInteger(link) && link >= 0 && link < 8) return link
  throw new ConfigError(file, setting?.line ?? section.line, `linknumber is expected to be 0..7`)
}

function subsystemOf(file: string, section: ConfigSection): string {
  const setting = section.settings.find((item) => item.key === 'subsys')
  if (setting !== undefined && setting.value !== '') return setting.value
  throw new ConfigError(file, section.line, 'No subsys key in logger_subsys directive')
}

function dotted(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
