import { parsePattern } from '@quorate/base'
import { attr, type XmlElement } from '@quorate/xml'
import { execution, exitStatus, failure, success } from './outcome.ts'
import type { FencingOutcome } from './service.ts'

/** Levels that a target can have. */
const levelMax = 9
/** Targets with levels, and devices in one level, at most. */
const topologyEntriesMax = 10_000

/** Which nodes an entry is for: one by name, those that a pattern fits, or those with an attribute's value. */
type LevelTarget =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'attribute'; readonly name: string; readonly value: string }

/** A level as it is configured. */
export type Level = {
  readonly target: LevelTarget
  /** 1 to {@link levelMax}; 0 in the order to remove all levels of a target. */
  readonly index: number
  readonly devices: readonly string[]
}

/** Reads `<fencing-level>`; a sentence where it cannot be used. `isRemoval`: no devices are needed, and 0 is a level. */
export function readLevel(
  xml: XmlElement | undefined,
  isRemoval: boolean,
): { readonly label: string; readonly level: Level | undefined; readonly outcome: FencingOutcome } {
  const refuse = (label: string, reason: string) => ({
    label,
    level: undefined,
    outcome: failure(execution.invalid, reason, exitStatus.invalidParameter),
  })
  if (xml === undefined) return refuse('unknown', 'Topology level without data')
  const target = readTarget(xml)
  const index = Number(attr(xml, 'index') ?? Number.NaN)
  const label = `${target === undefined ? 'unknown' : targetText(target)}[${attr(xml, 'index') ?? ''}]`
  // Clients do not name the level that they want removed.
  const id = attr(xml, 'id') ?? (isRemoval ? 'unnamed' : '')
  if (id === '') return refuse(label, 'Topology level is invalid without ID')
  if (target === undefined) return refuse(label, `Invalid target for topology level '${id}'`)
  const isIndex = Number.isInteger(index) && index <= levelMax && index >= (isRemoval ? 0 : 1)
  if (!isIndex) return refuse(label, `Invalid level number '${attr(xml, 'index') ?? ''}' for topology level '${id}'`)
  const devices = (attr(xml, 'devices') ?? '').split(',').map((name) => name.trim())
  return { label, level: { target, index, devices: devices.filter((name) => name !== '') }, outcome: success }
}

function readTarget(xml: XmlElement): LevelTarget | undefined {
  const name = attr(xml, 'target')
  if (name !== undefined) return { kind: 'name', name }
  const pattern = attr(xml, 'target-pattern')
  if (pattern !== undefined) return parsePattern(pattern) === undefined ? undefined : { kind: 'pattern', pattern }
  const attribute = attr(xml, 'target-attribute')
  const value = attr(xml, 'target-value')
  return attribute === undefined || value === undefined ? undefined : { kind: 'attribute', name: attribute, value }
}

/** A target as messages name it. */
function targetText(target: LevelTarget): string {
  switch (target.kind) {
    case 'name':
      return target.name
    case 'pattern':
      return target.pattern
    case 'attribute':
      return `${target.name}=${target.value}`
    default:
      return target satisfies never
  }
}

type Entry = { readonly target: LevelTarget; readonly levels: Map<number, readonly string[]> }

/** Levels of devices by target: each is tried after the one before has failed. */
export class Topology {
  readonly #entries = new Map<string, Entry>()

  /** Targets that have levels. */
  get size(): number {
    return this.#entries.size
  }

  /** Adds devices to a level. False: there are too many targets. */
  add(level: Level): boolean {
    const key = keyOf(level.target)
    const entry = this.#entries.get(key) ?? { target: level.target, levels: new Map<number, readonly string[]>() }
    if (!this.#entries.has(key) && this.#entries.size >= topologyEntriesMax) return false
    this.#entries.set(key, entry)
    entry.levels.set(
      level.index,
      [...(entry.levels.get(level.index) ?? []), ...level.devices].slice(0, topologyEntriesMax),
    )
    return true
  }

  /** Removes a level, or with index 0 all of a target. */
  remove(level: Level): void {
    const key = keyOf(level.target)
    this.#entries.get(key)?.levels.delete(level.index)
    if (level.index === 0) this.#entries.delete(key)
  }

  /** Makes the levels those of a configuration. */
  replace(levels: readonly Level[]): void {
    this.#entries.clear()
    for (const level of levels) this.add(level)
  }

  /**
   * Levels of a node in their order, empty ones left out; undefined where none is for it. Its own name counts before
   * patterns and attributes.
   */
  levelsOf(
    node: string,
    attributeOf: (name: string) => string | undefined,
  ): readonly (readonly string[])[] | undefined {
    const own = this.#entries.get(keyOf({ kind: 'name', name: node }))
    const entry = own ?? [...this.#entries.values()].find(({ target }) => isFor(target, node, attributeOf))
    if (entry === undefined) return undefined
    const levels = [...entry.levels]
      .sort(([a], [b]) => a - b)
      .map(([, devices]) => devices)
      .filter((devices) => devices.length > 0)
    return levels.length === 0 ? undefined : levels
  }
}

function isFor(target: LevelTarget, node: string, attributeOf: (name: string) => string | undefined): boolean {
  switch (target.kind) {
    case 'name':
      return false
    case 'pattern':
      return parsePattern(target.pattern)?.test(node) ?? false
    case 'attribute':
      return attributeOf(target.name)?.toLowerCase() === target.value.toLowerCase()
    default:
      return target satisfies never
  }
}

function keyOf(target: LevelTarget): string {
  return `${target.kind} ${target.kind === 'name' ? target.name.toLowerCase() : targetText(target)}`
}
