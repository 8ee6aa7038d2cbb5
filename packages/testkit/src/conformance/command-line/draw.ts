import { Prng } from '@quorate/base'
import { attr, descendants, type XmlElement } from '@quorate/xml'
import { Chance } from '../random/chance.ts'
import type { RandomCase } from '../random/cib.ts'
import { idsOf } from '../random/rewrite.ts'
import { randomMoment } from '../random/rules.ts'
import type { Trial } from './trial.ts'

/** Words of one option. */
type Words = readonly string[]

/** What a CIB has that a command line can name. */
type Names = {
  readonly nodes: readonly string[]
  readonly resources: readonly string[]
  readonly tickets: readonly string[]
  /** Keys of operations that its histories and configuration have: RESOURCE_TASK_INTERVAL. */
  readonly operations: readonly string[]
}

const tasks = ['start', 'stop', 'monitor', 'promote', 'demote', 'migrate_to', 'migrate_from', 'notify'] as const
const oddTasks = ['reload', 'delete', 'off', 'reboot', 'clear_failcount', 'start_x', '', 'STOP'] as const
const intervals = ['0', '0', '0', '10000', '60000', '20000', '5000', '-1', 'x', '', '10s', '4294967296'] as const
const results = [
  '0',
  '1',
  '2',
  '5',
  '6',
  '7',
  '8',
  '9',
  '189',
  '190',
  '193',
  '124',
  '-1',
  '256',
  '',
  'x',
  ' 7',
  '1x',
] as const

const oddOperations = [
  ...(['', '@', '=', '@=7', 'bad', 'a@', 'a@b', 'a_b@n1=1'] as const),
  ...(['_start_0@n1=1', 'r1__0@n1=1', '%d@n1=1'] as const),
] as const

function namesIn(cib: XmlElement): Names {
  const all = [...descendants(cib)]
  const values = (element: string, name: string): string[] => [
    ...new Set(all.flatMap((item) => (item.name === element ? (attr(item, name) ?? []) : []))),
  ]
  const resources = idsOf(cib, ['primitive', 'group', 'clone', 'master', 'bundle', 'template', 'lrm_resource'])
  const recurring = all.flatMap((item) =>
    item.name === 'op' && /^\d+s?$/.test(attr(item, 'interval') ?? '')
      ? resources.map((id) => `${id}_${attr(item, 'name')}_${Number.parseInt(attr(item, 'interval') ?? '', 10) * 1000}`)
      : [],
  )
  return {
    nodes: [...values('node', 'uname'), ...values('node_state', 'uname')],
    resources: [...new Set(resources)],
    tickets: [...values('ticket_state', 'id'), ...values('rsc_ticket', 'ticket'), 'T1'],
    operations: [...values('lrm_rsc_op', 'operation_key'), ...recurring],
  }
}

/** Random command lines of crm_simulate for one CIB, but for `-V`: of the log there are trials of its own. */
class Draw {
  readonly #chance: Chance
  readonly #names: Names

  constructor(chance: Chance, names: Names) {
    this.#chance = chance
    this.#names = names
  }

  /** An option with its argument, in one of the ways in which it can be written. */
  #option(short: string, long: string, value: string): Words {
    const way = this.#chance.int(1, 10)
    if (way <= 5 && short !== '') return [`-${short}`, value]
    if (way === 6 && short !== '' && value !== '') return [`-${short}${value}`]
    return way <= 8 ? [`--${long}=${value}`] : [`--${long}`, value]
  }

  #flag(short: string, long: string): Words {
    return [this.#chance.yes(75) ? `-${short}` : `--${long}`]
  }

  #known(list: readonly string[], odd: readonly string[]): string {
    return list.length > 0 && this.#chance.yes(88) ? this.#chance.pick(list) : this.#chance.pick(odd)
  }

  #node(): string {
    return this.#known(this.#names.nodes, ['new', 'n9', '', 'a b', 'N1', '1', 'n<1>'])
  }

  #ticket(): string {
    return this.#known(this.#names.tickets, ['new', 't1', '', 'a b', "T'1"])
  }

  #resource(): string {
    const id = this.#known(this.#names.resources, ['nope', '', 'a_b', 'R1'])
    return this.#chance.yes(20) ? `${id}:${this.#chance.int(0, 2)}` : id
  }

  #key(): string {
    const chance = this.#chance
    const { operations } = this.#names
    if (operations.length > 0 && chance.yes(45)) return chance.pick(operations)
    const task = chance.yes(88) ? chance.pick(tasks) : chance.pick(oddTasks)
    const interval = chance.yes(70) ? '0' : chance.pick(intervals)
    return `${this.#resource()}_${task}_${interval}`
  }

  #operation(): string {
    const chance = this.#chance
    if (chance.yes(6)) return chance.pick(oddOperations)
    const result = chance.yes(80) ? chance.pick(results.slice(0, 8)) : chance.pick(results)
    return `${this.#key()}@${this.#node()}=${result}`
  }

  #injection(): Words {
    const chance = this.#chance
    switch (chance.int(1, 14)) {
      case 1:
      case 2:
        return this.#option('u', 'node-up', this.#node())
      case 3:
        return this.#option('d', 'node-down', this.#node())
      case 4:
        return this.#option('f', 'node-fail', this.#node())
      case 5:
      case 6:
        return this.#option('i', 'op-inject', this.#operation())
      case 7:
      case 8:
        return this.#option('F', 'op-fail', this.#operation())
      case 9:
        return this.#option('q', 'quorum', chance.pick(['1', 'true', '0', 'false', '', 'maybe', 'TRUE', 'yes']))
      case 10:
        return this.#option('w', 'watchdog', chance.pick(['1', 'true', '0', 'false', '', '/dev/watchdog', 'maybe']))
      case 11:
        return this.#option('g', 'ticket-grant', this.#ticket())
      case 12:
        return this.#option('r', 'ticket-revoke', this.#ticket())
      case 13:
        return this.#option('b', 'ticket-standby', this.#ticket())
      default:
        return this.#option('e', 'ticket-activate', this.#ticket())
    }
  }

  /** Where the input comes from; files that cannot be read are left out: there the installed program only asserts. */
  #source(isInPlace: boolean): readonly Words[] {
    const chance = this.#chance
    const file = this.#option('x', 'xml-file', '%/in.xml')
    // Nor can the installed program edit standard input.
    const way = isInPlace ? chance.pick([1, 93, 98]) : chance.int(1, 100)
    if (way <= 84) return [file]
    if (way <= 88) return [this.#flag('p', 'xml-pipe')]
    if (way <= 90) return [['-x', '-']]
    if (way <= 92) return []
    if (way <= 96) return [this.#flag('L', 'live-check')]
    return [file, isInPlace || chance.yes(50) ? ['-L'] : ['-p']]
  }

  #mode(): readonly Words[] {
    const way = this.#chance.int(1, 100)
    if (way <= 55) return [this.#flag('S', 'simulate')]
    if (way <= 72) return [this.#flag('R', 'run')]
    if (way <= 82) return [this.#flag('X', 'in-place')]
    if (way <= 86) return [['-S'], ['-R']]
    return []
  }

  #file(name: string): string {
    return this.#chance.yes(92) ? `%/${name}` : this.#chance.pick(['%/no/file', '%/', '%/in.xml', '%/in.xml/x', ''])
  }

  #artifacts(): readonly Words[] {
    const chance = this.#chance
    return [
      ...(chance.yes(20) ? [this.#option('I', 'save-input', this.#file('input'))] : []),
      ...(chance.yes(40) ? [this.#option('O', 'save-output', this.#file('output'))] : []),
      ...(chance.yes(25) ? [this.#option('G', 'save-graph', this.#file('graph'))] : []),
      ...(chance.yes(25) ? [this.#option('D', 'save-dotfile', this.#file('dot'))] : []),
      ...(chance.yes(15) ? [this.#flag('a', 'all-actions')] : []),
    ]
  }

  #shown(): readonly Words[] {
    const chance = this.#chance
    const flags: readonly (readonly [percent: number, short: string, long: string])[] = [
      [25, 's', 'show-scores'],
      [20, 'U', 'show-utilization'],
      [12, 'Q', 'quiet'],
      [20, 'A', 'show-attrs'],
      [20, 'c', 'show-failcounts'],
      [3, 'j', 'pending'],
    ]
    const words = flags.flatMap(([percent, short, long]) => (chance.yes(percent) ? [this.#flag(short, long)] : []))
    if (chance.yes(6)) words.push(['--text-fancy'])
    if (chance.yes(25)) {
      const format = chance.yes(75) ? 'xml' : chance.pick(['text', 'none', 'html', 'XML', ''])
      words.push(this.#option('', 'output-as', format))
    }
    if (chance.yes(4)) words.push(this.#option('', 'output-to', this.#file('told')))
    return words
  }

  #rare(): readonly Words[] {
    const chance = this.#chance
    return [
      ...(chance.yes(3) ? [this.#option('P', 'profile', chance.pick(['%/many', '%/many/', '%/none', '']))] : []),
      ...(chance.yes(2) ? [this.#option('N', 'repeat', chance.pick(['1', '2', '0', '-1', 'x', '']))] : []),
      ...(chance.yes(2) ? [chance.pick([['word'], ['--nope'], ['-Z'], ['-u'], ['--run=1'], ['--'], ['-RSsU']])] : []),
    ]
  }

  line(moment: string | undefined): readonly Words[] {
    const chance = this.#chance
    const injections = chance.yes(15) ? 0 : chance.pick([1, 1, 1, 2, 2, 3, 4])
    const mode = this.#mode()
    const words: Words[] = [
      ...this.#source(mode.some(([word = '']) => /^(-X|--in-place)$/.test(word))),
      ...mode,
      ...Array.from({ length: injections }, () => this.#injection()),
      ...this.#artifacts(),
      ...this.#shown(),
      ...this.#rare(),
    ]
    const time = moment ?? (chance.yes(10) ? chance.pick([randomMoment(chance), 'nonsense', '']) : undefined)
    if (time !== undefined) words.push(this.#option('t', 'set-datetime', time))
    return shuffled(chance, words)
  }
}

function shuffled<T>(chance: Chance, list: readonly T[]): readonly T[] {
  const left = [...list]
  const out: T[] = []
  while (left.length > 0) out.push(...left.splice(chance.int(0, left.length - 1), 1))
  return out
}

/** Makes trials of crm_simulate out of inputs: the same seed gives the same input and command line. */
export function simulationTrials(make: (seed: number) => RandomCase): (seed: number) => Trial {
  return (seed) => {
    const { cib, moment } = make(seed)
    // The input's own choices stay what they are without a command line.
    const chance = new Chance(new Prng(BigInt(seed) ^ 0x6c696e65n))
    const line = new Draw(chance, namesIn(cib)).line(moment)
    const wantsMore = line.flat().some((word) => word.includes('%/many'))
    return { tool: 'crm_simulate', line, cib, ...(wantsMore ? { other: make(seed + 1).cib } : {}) }
  }
}

/** Makes trials of what the tools log: what is found in an input, and what is decided on it. */
export function logTrials(tool: Trial['tool'], make: (seed: number) => RandomCase): (seed: number) => Trial {
  return (seed) => {
    const { cib, moment } = make(seed)
    const time = moment === undefined || tool === 'crm_verify' ? [] : [['-t', moment]]
    const mode = tool === 'crm_verify' ? [] : [['-S']]
    return { tool, cib, line: [['-VVV'], ['-x', '%/in.xml'], ...mode, ...time] }
  }
}
