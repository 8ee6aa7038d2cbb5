import { exitCodes } from '@quorate/cib'
import {
  type Colocation,
  type LocationRecord,
  type Resource,
  role,
  roleText,
  scoreText,
  unpackConstraints,
} from '@quorate/scheduler'
import { element } from '@quorate/xml'
import { collectiveOf, namedResource, say, type Work } from './work.ts'

/** A direction in which colocations are followed: from a resource to what stands at the other end. */
type Direction = {
  readonly list: (of: Resource) => readonly Colocation[]
  readonly partner: (of: Colocation) => Resource
  readonly title: (id: string) => string
  /** How the role that the primary has to have is introduced. */
  readonly roleWord: 'needs' | 'with'
}

const directions: readonly Direction[] = [
  {
    list: (of) => of.withThis,
    partner: (of) => of.dependent,
    title: (id) => `Resources colocated with ${id}:`,
    roleWord: 'needs',
  },
  {
    list: (of) => of.thisWith,
    partner: (of) => of.primary,
    title: (id) => `Resources ${id} is colocated with:`,
    roleWord: 'with',
  },
]

/**
 * --constraints and --stack: locations and colocations of a resource, with the locations of what it is colocated with.
 *
 * @param isRecursive whether the colocations of those are followed, and so on
 */
export function constraints(work: Work, isRecursive: boolean): number {
  const named = namedResource(work)
  const resource = work.options.has('force') ? named : collectiveOf(named)
  unpackConstraints(work.cluster)
  const teller = new Teller(work, isRecursive)
  teller.locations(resource, 0)
  for (const direction of directions) teller.colocations(resource, direction, 0, new Set())
  if (work.isXml) work.results.push(element('constraints', {}, teller.elements))
  return exitCodes.ok
}

class Teller {
  readonly elements: ReturnType<typeof element>[] = []
  readonly #work: Work
  readonly #isRecursive: boolean

  constructor(work: Work, isRecursive: boolean) {
    this.#work = work
    this.#isRecursive = isRecursive
  }

  /** Writes a line; the topmost ones have no bullet. */
  #line(depth: number, text: string): void {
    say(this.#work, depth === 0 ? text : `${'  '.repeat(depth)}* ${text}`)
  }

  locations(of: Resource, depth: number): void {
    let isTitled = false
    for (const { record, node, score } of placesOf(of)) {
      if (!isTitled) this.#line(depth, 'Locations:')
      isTitled = true
      this.#line(depth + 1, `Node ${node} (score=${scoreText(score)}, id=${record.id}, rsc=${of.id})`)
      this.elements.push(element('rsc_location', { node, rsc: of.id, id: record.id, score: scoreText(score) }))
    }
  }

  /** Tells a resource's colocations; one that leads to a resource told before is a loop, and not followed. */
  colocations(of: Resource, direction: Direction, depth: number, told: Set<Resource>): void {
    if (told.has(of)) return
    told.add(of)
    let isTitled = false
    for (const item of direction.list(of)) {
      if (!isTitled) this.#line(depth, direction.title(of.id))
      isTitled = true
      this.elements.push(colocationElement(item))
      const partner = direction.partner(item)
      if (told.has(partner)) {
        this.#line(depth + 1, `${partner.id} (id=${item.id} - loop)`)
        continue
      }
      // As with the C tool, only the element tells of what has to be stopped.
      const isTold = item.primaryRole !== role.unknown && item.primaryRole !== role.stopped
      const needed = isTold ? `, ${direction.roleWord} role=${roleText(item.primaryRole)}` : ''
      this.#line(depth + 1, `${partner.id} (score=${scoreText(item.score)}${needed}, id=${item.id})`)
      this.locations(partner, depth + 2)
      if (this.#isRecursive) this.colocations(partner, direction, depth + 2, told)
    }
  }
}

/** In the order in which the rules looked at the nodes. */
function* placesOf(
  of: Resource,
): Generator<{ readonly record: LocationRecord; readonly node: string; readonly score: number }> {
  for (const record of of.locations) {
    for (const [node, score] of record.scores) yield { record, node: node.uname, score }
  }
}

function colocationElement(of: Colocation): ReturnType<typeof element> {
  const asked = (value: Colocation['primaryRole']) => (value === role.unknown ? undefined : roleText(value))
  return element('rsc_colocation', {
    id: of.id,
    rsc: of.dependent.id,
    'with-rsc': of.primary.id,
    score: scoreText(of.score),
    'node-attribute': of.attribute,
    'rsc-role': asked(of.dependentRole),
    'with-rsc-role': asked(of.primaryRole),
  })
}
