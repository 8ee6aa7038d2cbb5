import { DecodeError, type NodeId } from '@quorate/base'
import { cpgReasons } from '@quorate/corosync'
import type { CpgChange, CpgProcess, CpgWitness } from './cpg-client.ts'
import { decodeNumbered, messageName, type NumberedMessage } from './numbered-message.ts'
import { PlaceOrder } from './place-order.ts'
import { Violation } from './violation.ts'

type Life = {
  readonly node: NodeId
  readonly pid: number
  group: string | undefined
  view: ReadonlySet<string>
  last: string | undefined
  readonly seen: Set<string>
  readonly lastNumber: Map<string, number>
  readonly own: string[]
  /** Asked to leave. */
  leaves: boolean
  ended: 'itself' | 'node' | undefined
}

const processName = ({ node, pid }: { node: number; pid: number }): string => `${node}:${pid}`

/** The promises of closed process groups (guides/reliability.md 2.2), checked as things happen. */
export class CpgChecker implements CpgWitness {
  changes = 0
  deliveries = 0
  readonly #lives = new Map<number, Life>()
  readonly #groups = new Map<string, PlaceOrder>()

  #life(node: NodeId, pid: number): Life {
    let life = this.#lives.get(pid)
    if (life === undefined) {
      const empty = { view: new Set<string>(), seen: new Set<string>(), lastNumber: new Map(), own: [] }
      life = { node, pid, group: undefined, last: undefined, leaves: false, ended: undefined, ...empty }
      this.#lives.set(pid, life)
    }
    return life
  }

  sent(message: NumberedMessage, _bytes: number): void {
    this.#life(message.node as NodeId, message.boot).own.push(messageName(message))
  }

  leaving(pid: number): void {
    const life = this.#lives.get(pid)
    if (life !== undefined) life.leaves = true
  }

  ended(pid: number, how: 'itself' | 'node'): void {
    const life = this.#lives.get(pid)
    if (life !== undefined) life.ended ??= how
  }

  changed(node: NodeId, pid: number, group: string, change: CpgChange): void {
    this.changes += 1
    const life = this.#life(node, pid)
    const who = `client ${node}:${pid} of ${group}`
    const names = (list: readonly CpgProcess[]): string[] => list.map(processName)
    const [members, left, joined] = [names(change.members), names(change.left), names(change.joined)]
    must(new Set(members).size === members.length, `${who} is told of a member twice: ${members}`)
    for (const gone of change.left) this.#checkReason(who, node, gone)
    if (life.group === undefined) {
      must(joined.includes(processName(life)), `${who} does not see itself join`)
      life.group = group
      life.view = new Set(members.filter((name) => !joined.includes(name)))
    }
    for (const name of left) must(life.view.has(name), `${who}: ${name} left, which was no member`)
    for (const name of joined) must(!life.view.has(name), `${who}: ${name} joined, which was a member`)
    const expected = [...[...life.view].filter((name) => !left.includes(name)), ...joined].sort()
    must(expected.join() === [...members].sort().join(), `${who}: members ${members} do not follow from ${expected}`)
    life.view = new Set(members)
    for (const { node: of, pid: its, reason } of [...change.left, ...change.joined]) {
      const ordered = reason === cpgReasons.join || reason === cpgReasons.leave
      if (ordered) this.#place(life, group, `${reason === cpgReasons.join ? 'join' : 'leave'} ${of}:${its}`)
    }
  }

  /** Who left is said to have asked for it, died, or lost its node, as it was. */
  #checkReason(who: string, self: NodeId, gone: CpgProcess): void {
    const life = this.#lives.get(gone.pid)
    const name = processName(gone)
    switch (gone.reason) {
      case cpgReasons.leave:
        return must(life?.leaves === true, `${who} is told that ${name} left, which never asked to`)
      case cpgReasons.procdown:
        return must(life?.ended === 'itself', `${who} is told that ${name} died, which did not`)
      case cpgReasons.nodedown:
        return must(gone.node !== self, `${who} is told that its own node went down`)
      default:
        return must(false, `${who} is told that ${name} left for reason ${gone.reason}`)
    }
  }

  delivered(node: NodeId, pid: number, from: CpgProcess, body: Uint8Array): void {
    this.deliveries += 1
    const life = this.#life(node, pid)
    const message = read(body)
    const name = messageName(message)
    const who = `client ${node}:${pid}`
    must(life.group !== undefined, `${who} hears ${name} before it has joined`)
    must(message.node === from.node && message.boot === from.pid, `${who} hears ${name} from ${processName(from)}`)
    must(life.view.has(processName(from)), `${who} hears ${name} from no member`)
    must(!life.seen.has(name), `${who} hears ${name} twice`)
    life.seen.add(name)
    const sender = processName(from)
    must(message.number > (life.lastNumber.get(sender) ?? 0), `${who} hears ${name} out of its sender's order`)
    life.lastNumber.set(sender, message.number)
    this.#place(life, life.group ?? '', name)
  }

  #place(life: Life, group: string, event: string): void {
    let order = this.#groups.get(group)
    if (order === undefined) {
      order = new PlaceOrder()
      this.#groups.set(group, order)
    }
    if (life.last !== undefined) order.follows(life.last, event)
    life.last = event
  }

  /** Who is a member of what, as each living client sees it: equal for all of a group once the world is calm. */
  views(): ReadonlyMap<string, ReadonlySet<string>> {
    const views = new Map<string, Set<string>>()
    for (const { ended, group, view } of this.#lives.values()) {
      if (ended !== undefined || group === undefined) continue
      const known = views.get(group) ?? new Set<string>()
      known.add([...view].sort().join(' '))
      views.set(group, known)
    }
    return views
  }

  /** True when all who live have heard what they said, and members of `group` what is in `probes`. */
  complete(group: string, probes: readonly string[]): boolean {
    const alive = [...this.#lives.values()].filter((life) => life.ended === undefined && life.group !== undefined)
    return alive.every((life) => {
      const due = life.group === group ? probes : []
      return life.own.every((name) => life.seen.has(name)) && due.every((name) => life.seen.has(name))
    })
  }

  /** No two events of a group were ever seen in opposite orders. */
  finish(): void {
    for (const [group, order] of this.#groups) {
      const loop = order.loop()
      must(loop === undefined, `group ${group}: ${loop} was seen before and after itself`)
    }
  }
}

function read(body: Uint8Array): NumberedMessage {
  try {
    return decodeNumbered(body)
  } catch (error) {
    if (error instanceof DecodeError) throw new Violation(`cpg: a damaged message: ${error.message}`)
    throw error
  }
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(`cpg: ${what}`)
}
