import { uuidBytes } from '../conf/node-files.ts'
import type { NodeStatus } from '../messaging/event.ts'
import { generationMax } from '../messaging/limits.ts'
import type { NodeRecord } from '../messaging/member.ts'
import { binary, type Field, fieldOf, type Message, text } from '../wire/message.ts'

/** What the desk knows of its node. */
export type DeskView = {
  readonly self: string
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly version: string
  /** What ha.cf says of Pacemaker, as it is written. */
  readonly pacemaker: string
  readonly parameters: ReadonlyMap<string, string>
  readonly links: readonly string[]
  /** In the order in which they became known. */
  nodes(): readonly NodeRecord[]
  find(name: string): NodeRecord | undefined
}

/** The process at the other end of a client's socket, as the kernel names it. */
export type Peer = { readonly pid: number; readonly uid: number; readonly gid: number }

/** Whether such a process may sign on under a name; casual clients, which are named by their pid, have none. */
export type Admission = (name: string | undefined, peer: Peer) => boolean

/** What the desk asks of its host, in order. `client` is the number that the host gave the connection. */
export type DeskEffect =
  | { readonly do: 'reply'; readonly client: number; readonly message: Message }
  | { readonly do: 'broadcast'; readonly message: Message }
  | { readonly do: 'signal'; readonly pid: number; readonly signal: number }
  | { readonly do: 'close'; readonly client: number }
  | { readonly do: 'log'; readonly level: 'info' | 'warning'; readonly text: string }

type Client = {
  readonly peer: Peer
  name: string | undefined
  isCasual: boolean
  generation: number
  signal: number
}

/** Characters of a client's name. */
export const clientNameMax = 32
/** Questions about clients of other nodes that wait for an answer. */
const questionsMax = 1000
const signalMax = 64
const hexadecimal = 16

const ok = (...fields: readonly Field[]): readonly Field[] => [...fields, text('result', 'OK')]
const badRequest = (info?: string): readonly Field[] => [
  text('result', 'badreq'),
  ...(info === undefined ? [] : [text('info', info)]),
]
/** What the C daemon says of a node or link that is not there. */
const invalid = badRequest('EINVAL')

/**
 * Where the programs of this node meet the messaging layer: they sign on, ask, and send and get messages of the cluster.
 * Pure: sockets are the host's, which calls a method for what happened and performs what it answers.
 */
export class ClientDesk {
  readonly #view: DeskView
  readonly #admits: Admission
  readonly #clients = new Map<number, Client>()
  /** How often each name has signed on. */
  readonly #generations = new Map<string, number>()
  #questions: { readonly client: number; readonly node: string; readonly name: string }[] = []

  constructor(view: DeskView, admits: Admission) {
    this.#view = view
    this.#admits = admits
  }

  /** Names of those who have signed on, casual clients not. */
  get names(): readonly string[] {
    return [...this.#clients.values()].flatMap(({ name, isCasual }) => (name === undefined || isCasual ? [] : [name]))
  }

  onConnect(client: number, peer: Peer): void {
    this.#clients.set(client, { peer, name: undefined, isCasual: true, generation: 0, signal: 0 })
  }

  onGone(client: number, info = 'EOF'): readonly DeskEffect[] {
    const gone = this.#clients.get(client)
    this.#clients.delete(client)
    this.#questions = this.#questions.filter((one) => one.client !== client)
    return gone?.name === undefined || gone.isCasual
      ? []
      : [{ do: 'broadcast', message: clientStatus(gone, 'leave', info) }]
  }

  /** A message that a client wrote. */
  onMessage(client: number, message: Message): readonly DeskEffect[] {
    const from = this.#clients.get(client)
    if (from === undefined) return []
    if (fieldOf(message, 't') !== 'hbapi-req') return this.#onClusterMessage(client, from, message)
    const type = fieldOf(message, 'reqtype') ?? ''
    if (type === 'signon') return this.#signOn(client, from, message)
    if (from.name === undefined) {
      return [
        { do: 'log', level: 'warning', text: `request ${type} of process ${from.peer.pid}, which has not signed on` },
      ]
    }
    if (type === 'signoff') return [...this.onGone(client, 'signoff'), { do: 'close', client }]
    if (type === 'set_sendqlen') return []
    if (type === 'nodelist' || type === 'iflist') return this.#list(client, type, message)
    if (type === 'clientstatus') return this.#askClientStatus(client, message)
    return [this.#respond(client, type, this.#answer(from, type, message))]
  }

  /** A message of the cluster, for the clients that it is meant for. */
  onDeliver(message: Message): readonly DeskEffect[] {
    const type = fieldOf(message, 't') ?? ''
    if (type === 'query-cstatus') return this.#answerQuery(message)
    if (type === 'respond-cstatus') return this.#passAnswer(message)
    if (notForClients.has(type)) return []
    const to = fieldOf(message, 'to_id')
    return [...this.#clients].flatMap(([client, one]) =>
      one.name === undefined || one.isCasual || (to !== undefined && to !== one.name)
        ? []
        : this.#give(client, one, message),
    )
  }

  onNodeStatus(name: string, status: NodeStatus, tsSeconds: number): readonly DeskEffect[] {
    const lost = status === 'dead' ? this.#questions.filter((one) => one.node === name) : []
    this.#questions = this.#questions.filter((one) => !lost.includes(one))
    const answers = lost.map(({ client }) => this.#respond(client, 'clientstatus', cstatus('offline')))
    return [
      ...answers,
      ...this.#tellAll([
        text('t', 'status'),
        text('seq', '1'),
        text('ts', tsSeconds.toString(hexadecimal)),
        text('src', name),
        text('st', status),
      ]),
    ]
  }

  onLinkStatus(node: string, link: string, status: 'up' | 'dead'): readonly DeskEffect[] {
    return this.#tellAll([text('t', 'ifstat'), text('node', node), text('ifname', link), text('st', status)])
  }

  #tellAll(message: Message): readonly DeskEffect[] {
    return [...this.#clients].flatMap(([client, one]) =>
      one.name === undefined || one.isCasual ? [] : this.#give(client, one, message),
    )
  }

  #give(client: number, to: Client, message: Message): readonly DeskEffect[] {
    const reply: DeskEffect = { do: 'reply', client, message }
    return to.signal > 0 ? [reply, { do: 'signal', pid: to.peer.pid, signal: to.signal }] : [reply]
  }

  #respond(client: number, type: string, fields: readonly Field[]): DeskEffect {
    return { do: 'reply', client, message: [text('t', 'hbapi-resp'), text('reqtype', type), ...fields] }
  }

  #signOn(client: number, from: Client, message: Message): readonly DeskEffect[] {
    const { self, keepaliveMs, deadtimeMs, version, pacemaker } = this.#view
    const name = fieldOf(message, 'from_id') ?? ''
    const isCasual = /^[0-9]+$/.test(name)
    const why = this.#refusal(from, name, isCasual)
    const about = [
      text('deadtime', deadtimeMs.toString(hexadecimal)),
      text('keepalive', keepaliveMs.toString(hexadecimal)),
      text('node', self),
      text('hbversion', version),
      text('pacemaker', pacemaker),
      text('logfacility', '-1'),
    ]
    if (why !== undefined) {
      return [
        this.#respond(client, 'signon', [text('info', why), text('result', 'badreq'), ...about]),
        { do: 'log', level: 'warning', text: `process ${from.peer.pid} may not sign on as '${name}': ${why}` },
        { do: 'close', client },
      ]
    }
    from.name = name
    from.isCasual = isCasual
    const answer = this.#respond(client, 'signon', [text('result', 'OK'), ...about])
    if (isCasual) return [answer]
    from.generation = this.#generations.get(name) ?? 0
    this.#generations.set(name, (from.generation + 1) % generationMax)
    return [{ do: 'broadcast', message: clientStatus(from, 'join', 'signon') }, answer]
  }

  #refusal(from: Client, name: string, isCasual: boolean): string | undefined {
    if (name === '' || name.length > clientNameMax || /\s/.test(name)) return 'no name'
    if (from.name !== undefined) return 'signed on already'
    if (isCasual && Number(name) !== from.peer.pid) return 'incorrect/false credentials'
    if (!isCasual && this.names.includes(name)) return 'the name is taken'
    return this.#admits(isCasual ? undefined : name, from.peer) ? undefined : 'incorrect/false credentials'
  }

  /** What a client sends to the cluster gets the names of its sender. */
  #onClusterMessage(client: number, from: Client, message: Message): readonly DeskEffect[] {
    if (from.name === undefined || fieldOf(message, 't') === undefined) {
      return [
        {
          do: 'log',
          level: 'warning',
          text: `a message of process ${from.peer.pid}, which has not signed on, is dropped`,
        },
        { do: 'close', client },
      ]
    }
    const type = fieldOf(message, 't') ?? ''
    if (reserved.has(type) || type.startsWith('NS_')) {
      return [
        {
          do: 'log',
          level: 'warning',
          text: `a message of ${from.name} is dropped: ${type} is not a client's to send`,
        },
      ]
    }
    const rest = message.filter(({ name }) => !senderFields.has(name))
    const to = fieldOf(message, 'to_id') ?? from.name
    const sender = [text('from_id', from.name), text('to_id', to), text('client_gen', String(from.generation))]
    return [{ do: 'broadcast', message: [...rest, ...sender] }]
  }

  #list(client: number, type: string, message: Message): readonly DeskEffect[] {
    const items: (readonly Field[])[] = []
    if (type === 'nodelist') {
      for (const node of this.#view.nodes()) {
        items.push([text('node', node.name), text('nodetype', 'normal'), text('st', node.status)])
      }
    } else {
      const node = this.#view.find(fieldOf(message, 'node') ?? '')
      for (const [index, link] of node?.links.entries() ?? []) {
        items.push([text('ifname', this.#view.links[index] ?? ''), text('st', link.status)])
      }
    }
    if (items.length === 0) return [this.#respond(client, type, invalid)]
    return items.map((fields, index) =>
      this.#respond(client, type, [...fields, text('result', index < items.length - 1 ? 'ok/more' : 'OK')]),
    )
  }

  #answer(from: Client, type: string, message: Message): readonly Field[] {
    const node = this.#view.find(fieldOf(message, 'node') ?? '')
    switch (type) {
      case 'setfilter':
        return ok()
      case 'setsignal': {
        const signal = Number(fieldOf(message, 'signal'))
        if (!Number.isInteger(signal) || signal < 0 || signal > signalMax) return badRequest()
        from.signal = signal
        return ok()
      }
      case 'numnodes':
        return ok(text('numnodes', String(this.#view.nodes().length)))
      case 'nodestatus':
        return node === undefined ? invalid : ok(text('st', node.status))
      case 'nodetype':
        return node === undefined ? invalid : ok(text('nodetype', 'normal'))
      case 'nodeweight':
        return node === undefined ? invalid : ok(text('weight', String(node.weight)))
      case 'nodesite':
        return node === undefined ? invalid : ok(text('site', node.site))
      case 'ifstatus': {
        const link = node?.links[this.#view.links.indexOf(fieldOf(message, 'ifname') ?? '')]
        return link === undefined ? invalid : ok(text('st', link.status))
      }
      case 'getparm': {
        const value = this.#view.parameters.get(fieldOf(message, 'pname') ?? '')
        return value === undefined ? ok() : ok(text('pvalue', value))
      }
      case 'getrsc':
        return ok(text('rsc_hold', 'none'))
      case 'getuuid': {
        const name = fieldOf(message, 'queryname')
        if (name === undefined) return badRequest('no query node name found')
        const uuid = this.#view.find(name)?.uuid
        return uuid === undefined ? badRequest() : ok(binary('queryuuid', uuid))
      }
      case 'getname': {
        const uuid = fieldOf(message, 'queryuuid')
        const named = uuid?.length === uuidBytes ? this.#view.nodes().find((one) => one.uuid === uuid) : undefined
        return named === undefined ? badRequest() : ok(text('queryname', named.name))
      }
      default:
        return badRequest()
    }
  }

  #askClientStatus(client: number, message: Message): readonly DeskEffect[] {
    const name = fieldOf(message, 'cn') ?? ''
    const node = this.#view.find(fieldOf(message, 'node') ?? '')
    if (node === undefined || node.name === this.#view.self || node.status === 'dead') {
      const isHere = node?.name === this.#view.self && this.names.includes(name)
      if (node === undefined) return []
      return [this.#respond(client, 'clientstatus', cstatus(isHere ? 'online' : 'offline'))]
    }
    if (this.#questions.length >= questionsMax) return []
    this.#questions.push({ client, node: node.name, name })
    const asker = this.#clients.get(client)?.name ?? ''
    return [
      {
        do: 'broadcast',
        message: [text('t', 'query-cstatus'), text('dest', node.name), text('cn', name), text('from_id', asker)],
      },
    ]
  }

  #answerQuery(message: Message): readonly DeskEffect[] {
    const name = fieldOf(message, 'cn') ?? ''
    const asker = fieldOf(message, 'src')
    if (asker === undefined || asker === this.#view.self) return []
    const status = this.names.includes(name) ? 'online' : 'offline'
    const from = fieldOf(message, 'from_id')
    return [
      {
        do: 'broadcast',
        message: [
          text('t', 'respond-cstatus'),
          text('dest', asker),
          text('result', 'OK'),
          text('cn', name),
          ...(from === undefined ? [] : [text('to_id', from)]),
          text('cs', status),
        ],
      },
    ]
  }

  #passAnswer(message: Message): readonly DeskEffect[] {
    const node = fieldOf(message, 'src')
    const name = fieldOf(message, 'cn')
    const status = fieldOf(message, 'cs') ?? 'offline'
    const isMeant = (one: { node: string; name: string }): boolean =>
      one.node === node && (name === undefined || one.name === name)
    const meant = this.#questions.filter(isMeant)
    this.#questions = this.#questions.filter((one) => !isMeant(one))
    return meant.map(({ client }) => this.#respond(client, 'clientstatus', cstatus(status)))
  }
}

function cstatus(status: string): readonly Field[] {
  return [text('subt', 'respond-cstatus'), text('cs', status), text('result', 'OK')]
}

/** Tells the cluster that a client has come or gone. */
function clientStatus({ name = '', generation }: Client, status: 'join' | 'leave', info: string): Message {
  return [
    text('t', 'hbapi-clstat'),
    text('st', status),
    text('from_id', name),
    text('to_id', name),
    text('info', info),
    text('client_gen', String(generation)),
  ]
}

/** Fields by which the sender of a client's message is known. */
const senderFields: ReadonlySet<string> = new Set(['from_id', 'to_id', 'client_gen'])

/** Types that are the messaging layer's own. */
const reserved: ReadonlySet<string> = new Set([
  'status',
  'ifstat',
  'reqnodes',
  'repnodes',
  'starting',
  'shutdone',
  'hbapi-clstat',
  'hbapi-resp',
  'query-cstatus',
  'respond-cstatus',
])

/** Types that no client is given as they come. */
const notForClients: ReadonlySet<string> = new Set(['status', 'ifstat', 'reqnodes', 'repnodes', 'starting'])
