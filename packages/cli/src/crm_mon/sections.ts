/** Parts of the display that can be shown or hidden. */
export const sections = [
  'attributes',
  'bans',
  'counts',
  'dc',
  'failcounts',
  'failures',
  'fencing-failed',
  'fencing-pending',
  'fencing-succeeded',
  'maint-mode',
  'nodes',
  'operations',
  'options',
  'resources',
  'stack',
  'tickets',
  'times',
] as const
export type Section = (typeof sections)[number]

/** What is shown: sections, and which bans by the beginning of their ids. */
export type Shown = { readonly sections: ReadonlySet<Section>; readonly banPrefix: string }

const summary: readonly Section[] = ['stack', 'dc', 'times', 'counts', 'maint-mode']
const groups: Readonly<Record<string, readonly Section[]>> = {
  fencing: ['fencing-failed', 'fencing-pending', 'fencing-succeeded'],
  summary,
}

/** In how much detail the status is shown, where nothing else is asked for. */
export type Extent = 'text' | 'page' | 'data'

/** All there is: of the options of the cluster text tells only where they are asked for by name. */
function allSections(extent: Extent): readonly Section[] {
  return extent === 'text' ? sections.filter((name) => name !== 'options') : sections
}

/** What is shown without being asked. XML shows everything. */
export function defaultSections(extent: Extent): readonly Section[] {
  if (extent === 'data') return sections
  return [...summary, 'nodes', 'resources', 'failures', 'fencing-failed', 'fencing-pending']
}

/** Names that --include takes, as its error message lists them. */
export const includeNames =
  'all, attributes, bans[:PREFIX], counts, dc, default, failcounts, failures, fencing, fencing-failed, fencing-pending, fencing-succeeded, maint-mode, nodes, none, operations, options, resources, stack, summary, tickets, times'
/** Names that --exclude takes. */
export const excludeNames = includeNames.replace('bans[:PREFIX]', 'bans').replace(', default', '')

/**
 * Applies one --include or --exclude.
 *
 * @returns undefined where the list has a name that is none
 */
export function changeSections(
  shown: Shown,
  kind: 'include' | 'exclude',
  list: string,
  extent: Extent,
): Shown | undefined {
  let now = new Set(shown.sections)
  let { banPrefix } = shown
  // An empty list changes nothing; an empty name in one is no section.
  for (const name of list === '' ? [] : list.split(',')) {
    if (name === 'none') now = kind === 'include' ? new Set() : new Set(allSections(extent))
    else if (name === 'all') now = kind === 'include' ? new Set(allSections(extent)) : new Set()
    else if (name === 'default' && kind === 'include') now = new Set([...now, ...defaultSections(extent)])
    else if (name.startsWith('bans') && (name === 'bans' || (kind === 'include' && name[4] === ':'))) {
      if (kind === 'include') {
        now.add('bans')
        banPrefix = name.slice(5)
      } else now.delete('bans')
    } else {
      const members = Object.hasOwn(groups, name) ? groups[name] : sections.filter((item) => item === name)
      if (members === undefined || members.length === 0) return undefined
      for (const member of members) {
        if (kind === 'include') now.add(member)
        else now.delete(member)
      }
    }
  }
  return { sections: now, banPrefix }
}
