import { exitCodes } from '@quorate/cib'
import { currentNode, type Resource, sectionOf, unpackConstraints } from '@quorate/scheduler'
import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'
import { say, type Work } from './work.ts'

/** What is written where there is nothing. */
const nothing = 'NA'

/** --list-cts: resources and colocations, a line each, as the C project's own test suite reads them. Nothing as data. */
export function listCts(work: Work): number {
  for (const resource of work.cluster.resources) tellResource(work, resource)
  unpackConstraints(work.cluster)
  const section = sectionOf(work.cluster.cib, 'constraints')
  const made = new Set(work.cluster.colocations.map(({ id }) => id))
  for (const item of section === undefined ? [] : childrenNamed(section, 'rsc_colocation')) {
    // One whose time is over counts for nothing.
    if (child(item, 'lifetime') !== undefined && !made.has(attr(item, 'id') ?? '')) continue
    const names = ['id', 'rsc', 'with-rsc', 'score', 'rsc-role', 'with-rsc-role']
    say(work, ['Constraint', item.name, ...names.map((name) => attr(item, name) ?? nothing)].join(' '))
  }
  return exitCodes.ok
}

function tellResource(work: Work, of: Resource): void {
  const { xml, parent } = of
  const flags = flagsOf(of)
  const words = [
    of.bundle === undefined ? kindOf(xml) : 'bundle',
    of.id,
    of.historyName ?? of.id,
    parent?.id ?? nothing,
    attr(xml, 'provider') ?? nothing,
    attr(xml, 'class') ?? '(null)',
    attr(xml, 'type') ?? '(null)',
    currentNode(of)?.uname ?? nothing,
    attr(xml, 'class') === 'stonith' ? '0' : '1',
    String(flags),
    `0x${flags.toString(16).padStart(16, '0')}`,
  ]
  say(work, `Resource: ${words.join(' ')}`)
  for (const below of of.children) tellResource(work, below)
}

function kindOf(xml: XmlElement): string {
  return xml.name === 'master' ? 'clone' : xml.name
}

/** Flags of a resource as the public headers of the C project number them, by what has to be so. */
function flagsOf(of: Resource): number {
  const flags: readonly (readonly [bit: number, isSet: boolean])[] = [
    [0x1, of.orphan],
    [0x2, of.managed],
    [0x4, of.blocked],
    [0x8, of.containerFiller],
    [0x10, of.notify],
    [0x20, of.unique],
    [0x40, of.isFenceDevice],
    [0x80, of.promotable],
    [0x100, of.provisional],
    [0x1000, of.stopRequired],
    [0x2000, of.reload],
    [0x4000, of.nestedRemotes],
    [0x8000, of.critical],
    [0x1_0000, of.failed],
    [0x4_0000, true],
    [0x8_0000, of.startPending],
    [0x20_0000, of.actions.some(({ task }) => task === 'stop')],
    [0x80_0000, of.allowMigrate],
    [0x100_0000, of.failureIgnored],
    [0x400_0000, of.maintenance],
    [0x800_0000, of.fillers.some(({ orphan }) => !orphan)],
    [0x1000_0000, of.needsQuorum],
    [0x2000_0000, of.needsFencing],
    [0x4000_0000, of.needsUnfencing],
  ]
  return flags.reduce((sum, [bit, isSet]) => sum + (isSet ? bit : 0), 0)
}
