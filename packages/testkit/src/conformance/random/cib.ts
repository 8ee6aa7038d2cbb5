import { Prng } from '@quorate/base'
import { element, withAttributes, type XmlElement } from '@quorate/xml'
import { randomBundle } from './bundle.ts'
import { Chance } from './chance.ts'
import { withComments } from './change-comments.ts'
import { withInnerNames } from './change-inner.ts'
import { withReconfiguration } from './change-reconfigured.ts'
import { guestNode, type HostingResource, remoteNode } from './connection.ts'
import { randomConstraint } from './constraints.ts'
import { withCourse } from './course.ts'
import { mixOf, type RandomFeature } from './feature.ts'
import { randomHistory, randomNowSeconds } from './history.ts'
import { withConstraints, withFencing } from './more-constraints.ts'
import { withNames } from './names.ts'
import { withAgents } from './odd-agents.ts'
import { withOddConstraints } from './odd-constraints.ts'
import { withContainers } from './odd-containers.ts'
import { withDates } from './odd-dates.ts'
import { withUnfencing } from './odd-fencing.ts'
import { withInstances } from './odd-instances.ts'
import { withNamesakes } from './odd-namesakes.ts'
import { withOld } from './odd-old.ts'
import { withOddOperations } from './odd-operations.ts'
import { withReferences } from './odd-references.ts'
import { withTexts } from './odd-texts.ts'
import { withValues } from './odd-values.ts'
import { withParameters } from './parameters.ts'
import { placeState, type RandomPlace } from './place.ts'
import { pairs, type RandomResource, randomResource } from './resources.ts'
import { replaceChild } from './rewrite.ts'
import { randomMoment, withRules } from './rules.ts'
import { withMeta, withNodeStates, withOptions } from './settings.ts'
import { withStories } from './stories.ts'
import { withCollectiveNames, withTags, withTemplates } from './templates.ts'

function options(chance: Chance): XmlElement[] {
  return pairs('cluster_property_set', 'cib-bootstrap-options', {
    'stonith-enabled': chance.maybe(30, ['false', 'true', 'true']),
    'no-quorum-policy': chance.maybe(60, ['ignore', 'freeze', 'stop', 'demote', 'suicide']),
    'symmetric-cluster': chance.maybe(88, ['false']),
    'placement-strategy': chance.maybe(70, ['utilization', 'balanced', 'minimal']),
    'maintenance-mode': chance.maybe(96, ['true']),
    'start-failure-is-fatal': chance.maybe(90, ['false']),
    'stop-all-resources': chance.maybe(98, ['true']),
    'stop-orphan-resources': chance.maybe(93, ['false']),
    'enable-startup-probes': chance.maybe(93, ['false']),
    'startup-fencing': chance.maybe(90, ['false']),
    'concurrent-fencing': chance.maybe(80, ['true']),
    'shutdown-lock': chance.maybe(94, ['true']),
    'node-health-strategy': chance.maybe(94, ['migrate-on-red', 'only-green', 'progressive']),
  })
}

function nodeState(
  chance: Chance,
  uname: string,
  id: string,
  resources: readonly RandomResource[],
  nodes: readonly string[],
  hosting: readonly HostingResource[],
): XmlElement {
  const up = chance.yes(85)
  const odd = chance.yes(12)
  const others = nodes.filter((name) => name !== uname)
  const leaves = resources.flatMap((resource) => resource.leaves)
  const histories = leaves.flatMap((leaf) => (chance.yes(60) ? (randomHistory(chance, leaf, uname, others) ?? []) : []))
  if (chance.yes(6)) {
    const stray = randomHistory(
      chance,
      {
        id: 'gone',
        class: 'ocf',
        provider: 'pacemaker',
        type: 'Dummy',
        promotable: false,
        unique: false,
        instances: 0,
        monitors: [],
      },
      uname,
      others,
    )
    if (stray !== undefined) histories.push(stray)
  }
  histories.push(...hosting.flatMap((item) => item.traces.histories.get(uname) ?? []))
  const failing = leaves.length > 0 && chance.yes(15) ? chance.pick(leaves) : undefined
  const transient = pairs('instance_attributes', `status-${id}`, {
    shutdown: chance.maybe(93, ['1699999990']),
    standby: chance.maybe(95, ['true']),
    maintenance: chance.maybe(97, ['true']),
    '#health-disk': chance.maybe(92, ['red', 'yellow', 'green']),
    ...(failing === undefined
      ? {}
      : {
          [`fail-count-${failing.id}#monitor_10000`]: chance.pick(['1', '3', 'INFINITY']),
          [`last-failure-${failing.id}#monitor_10000`]: String(randomNowSeconds - chance.int(1, 5000)),
        }),
    ...Object.fromEntries(
      leaves
        .filter((leaf) => leaf.promotable && chance.yes(60))
        .map((leaf) => [`master-${leaf.id}`, chance.pick(['1', '5', '10', '100', '-INFINITY'])]),
    ),
    ...Object.assign({}, ...hosting.map((item) => item.traces.attributes.get(uname))),
  })
  const attributes = {
    id,
    uname,
    in_ccm: odd ? chance.pick(['true', 'false']) : String(up),
    crmd: odd ? chance.pick(['online', 'offline']) : up ? 'online' : 'offline',
    join: odd ? chance.pick(['member', 'pending', 'down', 'banned']) : up ? 'member' : 'down',
    expected: odd ? chance.pick(['member', 'down']) : chance.yes(85) === up ? 'member' : up ? 'member' : 'down',
  }
  return element('node_state', attributes, [
    ...(transient.length === 0 ? [] : [element('transient_attributes', { id }, transient)]),
    element('lrm', { id }, [element('lrm_resources', {}, histories)]),
  ])
}

function fenceDevice(): RandomResource {
  const xml = element('primitive', { id: 'Fencing', class: 'stonith', type: 'fence_dummy' }, [
    element('operations', {}, [element('op', { id: 'Fencing-monitor', name: 'monitor', interval: '60s' })]),
  ])
  const leaf = {
    id: 'Fencing',
    class: 'stonith',
    provider: undefined,
    type: 'fence_dummy',
    promotable: false,
    unique: false,
    instances: 0,
    monitors: [60_000],
  }
  return { id: 'Fencing', xml, leaves: [leaf], promotable: false }
}

/** Resources that connect nodes: remote nodes first, which guests may then run on. */
function hostingResources(
  chance: Chance,
  mix: ReadonlySet<RandomFeature>,
  members: readonly string[],
): readonly HostingResource[] {
  const made: HostingResource[] = []
  if (mix.has('remote')) {
    for (let i = chance.int(1, 2); i > 0; i -= 1) made.push(remoteNode(chance, `rem${i}`, members))
  }
  const remotes = made.flatMap((item) => item.places.map(({ uname }) => uname))
  if (mix.has('guest')) {
    for (let i = chance.yes(70) ? 1 : 2; i > 0; i -= 1)
      made.push(guestNode(chance, `vm${i}`, `g${i}`, members, remotes))
  }
  if (mix.has('bundle')) {
    for (let i = chance.yes(75) ? 1 : 2; i > 0; i -= 1) made.push(randomBundle(chance, `b${i}`, members))
  }
  return made
}

/** States of nodes that are no members: one for each name, with what all parts of the configuration left there. */
function placeStates(
  chance: Chance,
  hosting: readonly HostingResource[],
  resources: readonly RandomResource[],
): readonly XmlElement[] {
  const places = new Map<string, RandomPlace>()
  for (const place of hosting.flatMap((item) => item.places)) {
    const known = places.get(place.uname)
    const histories = [...(known?.histories ?? []), ...place.histories]
    places.set(place.uname, known === undefined ? place : { ...known, histories })
  }
  const leaves = resources.flatMap((resource) => resource.leaves)
  return [...places.values()].flatMap((place) => {
    if (!chance.yes(88)) return []
    const others = [...places.keys()].filter((name) => name !== place.uname)
    const percent = place.kind === 'bundle' ? 3 : 30
    const more = leaves.flatMap((leaf) =>
      chance.yes(percent) ? (randomHistory(chance, leaf, place.uname, others) ?? []) : [],
    )
    const attributes = Object.assign({}, ...hosting.map((item) => item.traces.attributes.get(place.uname)))
    return [placeState(chance, place, [...place.histories, ...more], attributes)]
  })
}

function nodeElement(chance: Chance, uname: string, id: string): XmlElement {
  return element('node', { id, uname }, [
    ...pairs('instance_attributes', `nodes-${id}`, {
      site: chance.maybe(50, ['1', '2']),
      standby: chance.maybe(95, ['on']),
    }),
    ...pairs('utilization', `nodes-${id}-util`, {
      cpu: chance.maybe(40, ['2', '4', '8']),
      ram: chance.maybe(60, ['2', '4']),
    }),
  ])
}

/** Elements of nodes that are no members, which configurations have where somebody set an attribute of theirs. */
function placeElements(chance: Chance, hosting: readonly HostingResource[]): readonly XmlElement[] {
  const names = new Set(hosting.flatMap((item) => item.places.map(({ uname }) => uname)))
  return [...names]
    .filter(() => chance.yes(35))
    .map((uname) => withAttributes(nodeElement(chance, uname, uname), { type: 'remote' }))
}

function tickets(chance: Chance): XmlElement {
  return element(
    'tickets',
    {},
    ['T1', 'T2'].flatMap((id) =>
      chance.yes(50)
        ? [
            element('ticket_state', {
              id,
              granted: chance.pick(['true', 'false']),
              standby: chance.maybe(80, ['true']),
            }),
          ]
        : [],
    ),
  )
}

function withFeatures(chance: Chance, mix: ReadonlySet<RandomFeature>, configuration: XmlElement): XmlElement {
  let now = configuration
  if (mix.has('template')) now = withTemplates(chance, now)
  if (mix.has('tag')) now = withTags(chance, now)
  if (mix.has('tag') || mix.has('template')) now = withCollectiveNames(chance, now)
  if (mix.has('constraint')) now = withConstraints(chance, now)
  if (mix.has('rule')) now = withRules(chance, now)
  if (mix.has('meta')) now = withMeta(chance, now)
  if (mix.has('option')) now = withOptions(chance, now)
  if (mix.has('fencing')) now = withFencing(chance, now)
  return now
}

function withOddFeatures(chance: Chance, mix: ReadonlySet<RandomFeature>, cib: XmlElement): XmlElement {
  let now = cib
  if (mix.has('agent')) now = withAgents(chance, now)
  if (mix.has('operation')) now = withOddOperations(chance, now)
  if (mix.has('container')) now = withContainers(chance, now)
  if (mix.has('unfencing')) now = withUnfencing(chance, now)
  if (mix.has('odd-constraint')) now = replaceChild(now, 'configuration', (item) => withOddConstraints(chance, item))
  if (mix.has('date')) now = replaceChild(now, 'configuration', (item) => withDates(chance, item))
  if (mix.has('value')) now = replaceChild(now, 'configuration', (item) => withValues(chance, item))
  if (mix.has('old')) now = withOld(chance, now)
  if (mix.has('reference')) now = withReferences(chance, now)
  return now
}

/** What changes the status section along with the configuration. */
function withStatusFeatures(chance: Chance, mix: ReadonlySet<RandomFeature>, cib: XmlElement): XmlElement {
  let now = cib
  if (mix.has('failure') || mix.has('migration')) now = withStories(chance, now, (feature) => mix.has(feature))
  if (mix.has('state')) now = withNodeStates(chance, now)
  if (mix.has('parameter')) now = withParameters(chance, now)
  now = withOddFeatures(chance, mix, now)
  if (mix.has('reconfigured')) now = withReconfiguration(chance, now)
  if (mix.has('inner')) now = replaceChild(now, 'configuration', (item) => withInnerNames(chance, item))
  if (mix.has('name')) now = withNames(chance, now)
  if (mix.has('instance')) now = withInstances(chance, now)
  if (mix.has('text')) now = withTexts(chance, now)
  if (mix.has('namesake')) now = withNamesakes(chance, now)
  if (mix.has('course')) now = withCourse(chance, now)
  if (mix.has('comment')) now = withComments(chance, now)
  return now
}

type Range = readonly [low: number, high: number]
type Size = { readonly nodes: Range; readonly plainMax: number; readonly constraints: Range }

const small: Size = { nodes: [1, 4], plainMax: 5, constraints: [0, 5] }
const large: Size = { nodes: [3, 8], plainMax: 12, constraints: [3, 12] }
/** Where the C program's tables grow beyond what they begin with. */
const huge: Size = { nodes: [9, 20], plainMax: 30, constraints: [5, 40] }

/** A random input, and the time that is asked for with `-t` where one is. */
export type RandomCase = { readonly cib: XmlElement; readonly moment?: string }

/**
 * A small CIB made from a seed: the same one for the same seed and features.
 *
 * @param features - those that it may have; each CIB gets a few of them, all of one where one is given. Without any, there
 *   are primitives, groups, clones and plain constraints.
 */
export function randomCase(seed: number, features: readonly RandomFeature[] = []): RandomCase {
  const chance = new Chance(new Prng(BigInt(seed)))
  const mix = mixOf(chance, features)
  const size = mix.has('huge') ? huge : mix.has('large') ? large : small
  const nodes = Array.from({ length: chance.int(...size.nodes) }, (_, i) => `n${i + 1}`)
  const hosting = hostingResources(chance, mix, nodes)
  const plainMax = size === small && hosting.length > 0 ? 3 : size.plainMax
  const resources = Array.from({ length: chance.int(hosting.length > 0 ? 0 : 1, plainMax) }, (_, i) =>
    randomResource(chance, `r${i + 1}`),
  )
  if (chance.yes(60)) resources.push(fenceDevice())
  const hosts = hosting.map((item) => item.resource)
  const all = mix.size === 0 || chance.yes(50) ? [...resources, ...hosts] : [...hosts, ...resources]
  const places = hosting.flatMap((item) => item.places.map(({ uname }) => uname))
  const constraints = Array.from({ length: chance.int(...size.constraints) }, (_, i) =>
    randomConstraint(chance, `c${i + 1}`, all, [...nodes, ...places]),
  )
  const configuration = element('configuration', {}, [
    element('crm_config', {}, options(chance)),
    element('nodes', {}, [
      ...nodes.map((uname, i) => nodeElement(chance, uname, String(i + 1))),
      ...placeElements(chance, hosting),
    ]),
    element(
      'resources',
      {},
      all.map((resource) => resource.xml),
    ),
    element('constraints', {}, constraints),
  ])
  const states = nodes.flatMap((uname, i) =>
    chance.yes(95) ? [nodeState(chance, uname, String(i + 1), resources, nodes, hosting)] : [],
  )
  const status = element('status', {}, [tickets(chance), ...states, ...placeStates(chance, hosting, all)])
  const cib = element(
    'cib',
    {
      crm_feature_set: '3.16.1',
      'validate-with': 'none',
      epoch: '1',
      num_updates: '0',
      admin_epoch: '0',
      'have-quorum': chance.yes(85) ? '1' : '0',
      'dc-uuid': '1',
      'execution-date': String(randomNowSeconds),
    },
    [withFeatures(chance, mix, configuration), status],
  )
  const full = withStatusFeatures(chance, mix, cib)
  return { cib: full, ...(mix.has('time') ? { moment: randomMoment(chance) } : {}) }
}

/** The CIB of {@link randomCase}, where the time is the one in it. */
export function randomCib(seed: number, features: readonly RandomFeature[] = []): XmlElement {
  return randomCase(seed, features).cib
}
