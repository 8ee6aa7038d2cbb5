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
  all: sections.filter((name) => name !== 'options'),
  fencing: ['fencing-failed', 'fencing-pending', 'fencing-succeeded'],
  summary: [...summary, 'options'],
}

/** What is shown without being asked. XML shows everything. */
export function defaultSections(isXml: boolean): readonly Section[] {
  if (isXml) return sections
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
  isXml: boolean,
): Shown | undefined {
  let now = new Set(shown.sections)
  let { banPrefix } = shown
  for (const name of list.split(',')) {
    if (name === 'none') now = kind === 'include' ? new Set() : new Set(sections)
    else if (name === 'default' && kind === 'include') now = new Set(defaultSections(isXml))
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
