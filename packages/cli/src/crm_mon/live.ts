import process from 'node:process'
import { exitCodes, usableCib } from '@quorate/cib'
import { CibClient, CibFollower, pingPacemakerd } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import { FencingFollower } from './fencing-source.ts'
import type { Section, Shown } from './sections.ts'
import { disconnected, snapshotOf } from './source.ts'
import { statusText } from './status-text.ts'
import type { View } from './view.ts'

/** Least time between two pictures, in milliseconds: a busy cluster changes hundreds of times a second. */
const redrawMs = 200
/** Time between two looks for a cluster that went away, in milliseconds. */
const reconnectMs = 2000
/** Time between updates unless told otherwise, in milliseconds: what ages (times, expiries) changes without any news. */
const intervalDefaultMs = 5000

const clearScreen = '\u001b[H\u001b[J'
const enterScreen = '\u001b[?1049h\u001b[?25l'
const leaveScreen = '\u001b[?25h\u001b[?1049l'

/** Sections that keys show and hide. */
const sectionKeys: Readonly<Record<string, readonly Section[]>> = {
  a: ['attributes'],
  A: ['attributes'],
  c: ['tickets'],
  D: ['stack', 'dc', 'times', 'counts'],
  f: ['failcounts'],
  L: ['bans'],
  m: ['fencing-failed', 'fencing-pending', 'fencing-succeeded'],
  o: ['operations'],
}

const help = `Press a key:
  A  attributes of nodes       n  resources beneath their nodes
  c  tickets                   r  resources that do not run
  D  summary                   R  details
  f  how often things failed   t  times of operations
  L  bans                      b  short form
  m  fencing                   q  quit
  o  history of operations     any other: redraw
`

/** The view after a key; undefined: leave. */
export function viewAfterKey(view: View, key: string): View | undefined {
  if (key === 'q' || key === '\u0003' || key === '\u0004') return undefined
  const toggled = sectionKeys[key]
  if (toggled !== undefined) return { ...view, shown: withToggled(view.shown, toggled) }
  switch (key) {
    case 'n':
      return { ...view, byNode: !view.byNode }
    case 'r':
      return { ...view, showsInactive: !view.showsInactive }
    case 'R':
      return { ...view, showsDetail: !view.showsDetail }
    case 'b':
      return { ...view, isBrief: !view.isBrief }
    case 't':
      return { ...view, showsTiming: !view.showsTiming, shown: withToggled(view.shown, ['operations']) }
    default:
      return view
  }
}

function withToggled(shown: Shown, toggled: readonly Section[]): Shown {
  const isShown = toggled.every((section) => shown.sections.has(section))
  const kept = [...shown.sections].filter((section) => !toggled.includes(section))
  return { ...shown, sections: new Set(isShown ? kept : [...kept, ...toggled]) }
}

/** Shows the status and keeps it up to date until a person presses q. @returns the exit code */
export async function watchCluster(view: View, interval: string | undefined, host: ToolHost): Promise<number> {
  const screen = new Screen(view, host)
  const everyMs = intervalMs(interval)
  host.out(enterScreen)
  process.stdin.setRawMode?.(true)
  process.stdin.resume()
  const keys = (bytes: Buffer) => screen.key(bytes.toString('utf8'))
  process.stdin.on('data', keys)
  const leave = () => screen.leave()
  process.on('SIGINT', leave)
  process.on('SIGTERM', leave)
  process.stdout.on('resize', () => screen.draw())
  const timer = setInterval(() => screen.draw(), everyMs)
  try {
    while (!screen.isLeft) await follow(screen, host)
  } finally {
    clearInterval(timer)
    process.stdin.off('data', keys)
    process.stdin.setRawMode?.(false)
    process.stdin.pause()
    process.off('SIGINT', leave)
    process.off('SIGTERM', leave)
    host.out(leaveScreen)
  }
  return exitCodes.ok
}

function intervalMs(text: string | undefined): number {
  const match = /^(\d+)(ms|s|sec|m|min)?$/.exec(text ?? '')
  if (match === null) return intervalDefaultMs
  const unit = match[2]
  const factor = unit === 'ms' ? 1 : unit === 'm' || unit === 'min' ? 60_000 : 1000
  return Math.max(redrawMs, Number(match[1]) * factor)
}

/** Follows the cluster until it goes away or the person leaves. */
async function follow(screen: Screen, host: ToolHost): Promise<void> {
  try {
    const answer = await pingPacemakerd('crm_mon')
    let lose: () => void = () => undefined
    const lost = new Promise<void>((resolve) => {
      lose = resolve
    })
    const client = await CibClient.connect({ name: 'crm_mon', access: 'ro', onClose: () => lose() })
    const fencing = new FencingFollower(() => screen.later())
    try {
      const pacemakerd = { state: answer.state ?? '', lastUpdated: answer.lastUpdated }
      const follower = await CibFollower.start(client, () => screen.later())
      screen.show(() => {
        const seen = { ...pacemakerd, lastUpdated: Math.floor(host.now() / 1000) }
        const usable = usableCib(follower.cib)
        return { ...snapshotOf(usable.ok ? usable.cib : follower.cib, seen, host), fencing: fencing.history }
      })
      await Promise.race([lost, screen.left])
    } finally {
      fencing.close()
      client.close()
    }
  } catch (fault) {
    if (!(fault instanceof IpcError)) throw fault
  }
  if (screen.isLeft) return
  screen.lose(disconnected().lines)
  await Promise.race([new Promise((resolve) => setTimeout(resolve, reconnectMs)), screen.left])
}

type Picture = () => Parameters<typeof statusText>[0]

class Screen {
  readonly left: Promise<void>
  isLeft = false
  readonly #host: ToolHost
  #leave: () => void = () => undefined
  #view: View
  #picture: Picture | undefined
  #message: readonly string[] = ['Waiting for the cluster …']
  #showsHelp = false
  #due: NodeJS.Timeout | undefined

  constructor(view: View, host: ToolHost) {
    this.#view = view
    this.#host = host
    this.left = new Promise((resolve) => {
      this.#leave = resolve
    })
  }

  show(picture: Picture): void {
    this.#picture = picture
    this.draw()
  }

  lose(lines: readonly string[]): void {
    this.#picture = undefined
    this.#message = [...lines, '', 'Trying again until the cluster is back. Press q to quit.']
    this.draw()
  }

  /** Draws soon, and once for all changes until then. */
  later(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined
      this.draw()
    }, redrawMs)
  }

  draw(): void {
    if (this.isLeft) return
    const text = this.#picture === undefined ? `${this.#message.join('\n')}\n` : statusText(this.#picture(), this.#view)
    const rows = Math.max(1, (process.stdout.rows ?? 24) - 1)
    const columns = process.stdout.columns ?? 80
    const lines = (this.#showsHelp ? help : text).split('\n').slice(0, rows)
    this.#host.out(clearScreen + lines.map((line) => line.slice(0, columns)).join('\r\n'))
  }

  key(key: string): void {
    const wasHelp = this.#showsHelp
    this.#showsHelp = key === '?' && !wasHelp
    if (!wasHelp && key !== '?') {
      const next = viewAfterKey(this.#view, key)
      if (next === undefined) return this.leave()
      this.#view = next
    }
    this.draw()
  }

  leave(): void {
    this.isLeft = true
    clearTimeout(this.#due)
    this.#leave()
  }
}
