import dns from 'node:dns'
import { compareNodeNames } from '@quorate/base'
import {
  type CfgAdminClient,
  type CmapAdminClient,
  connectRing,
  type QuorumAdminClient,
  type QuorumView,
  type VotequorumClient,
} from '@quorate/corosync/client'
import { readNodelist, readText } from '../corosync-tools/nodelist.ts'
import type { ShownMember, ShownStatus } from './status-text.ts'

/** A service that cannot be reached; the message is what the C tool says. */
export class NoService extends Error {
  override readonly name = 'NoService'
}

/** How members are named and sorted. */
export type MemberOptions = {
  readonly isAddress: boolean
  readonly isAll: boolean
  /** a: address, n: name, i: node id. */
  readonly order: 'a' | 'n' | 'i'
}

/** The connections that the tool needs, all open. */
export class QuorumDoors {
  readonly cmap: CmapAdminClient
  readonly quorum: QuorumAdminClient
  readonly votequorum: VotequorumClient | undefined
  readonly cfg: CfgAdminClient
  readonly #state: ViewState

  private constructor(
    cmap: CmapAdminClient,
    quorum: QuorumAdminClient,
    votequorum: VotequorumClient | undefined,
    cfg: CfgAdminClient,
    state: ViewState,
  ) {
    this.cmap = cmap
    this.quorum = quorum
    this.votequorum = votequorum
    this.cfg = cfg
    this.#state = state
  }

  /** `lost`: the ring went away while the tool was connected. @throws NoService */
  static async open(lost: (error: Error) => void): Promise<QuorumDoors> {
    const ring = connectRing({ tryAgainForMs: 0 })
    const state = new ViewState()
    const reached = <T>(name: string, door: Promise<T>): Promise<T> =>
      door.catch((cause: unknown) => {
        throw new NoService(`Cannot initialize ${name} service`, { cause })
      })
    const cmap = await reached('CMAP', ring.cmap(lost))
    const quorum = await reached('QUORUM', ring.quorum({ changed: (view) => state.changed(view), onClose: lost }))
    const cfg = await reached('CFG', ring.cfgWithoutTracking(lost))
    const usesVotes = (await readText(cmap, 'quorum.provider')) === 'corosync_votequorum'
    const handlers = { quorumChanged: () => undefined, expectedVotesChanged: () => undefined, onClose: lost }
    const votequorum = usesVotes ? await reached('VOTEQUORUM', ring.votequorum(handlers)) : undefined
    return new QuorumDoors(cmap, quorum, votequorum, cfg, state)
  }

  /** The view that comes with the next event, or the current one if none was taken yet. */
  nextView(): Promise<QuorumView> {
    return this.#state.next()
  }

  async status(view: QuorumView, options: MemberOptions): Promise<ShownStatus> {
    const votes = await this.votequorum?.info(0)
    if (votes === undefined) throw new NoService('Unable to start votequorum status tracking: CS_ERR_BAD_HANDLE')
    return {
      at: new Date(),
      nodeCount: view.members.length,
      nodeId: votes.nodeId,
      ringRep: view.ringRep ?? 0,
      ringSeq: view.ringSeq,
      isQuorate: view.isQuorate,
      votes,
      members: await this.members(view, options),
    }
  }

  async members(view: QuorumView, options: MemberOptions): Promise<readonly ShownMember[]> {
    const configured = await readNodelist(this.cmap)
    const own = this.cfg.localNodeId
    const found = await Promise.all(
      view.members.map(async (nodeId) => {
        const info = await this.votequorum?.info(nodeId)
        const addresses = await this.cfg.addresses(nodeId)
        const name = configured.find((node) => node.nodeId === nodeId)?.name
        const shown = await nameOf(name, addresses, options)
        const member = {
          nodeId,
          votes: info?.votes ?? 0,
          name: shown,
          isLocal: nodeId === own,
          flags: info?.flags ?? 0,
        }
        return { member, address: addresses[0] ?? '' }
      }),
    )
    return found
      .sort((a, b) => {
        if (options.order === 'i') return a.member.nodeId - b.member.nodeId
        if (options.order === 'n') return compareNodeNames(a.member.name, b.member.name)
        return compareNodeNames(a.address, b.address)
      })
      .map(({ member }) => member)
  }

  close(): void {
    for (const door of [this.cmap, this.quorum, this.votequorum, this.cfg]) door?.close()
  }
}

/** The newest view that nobody has taken yet. */
class ViewState {
  #fresh: QuorumView | undefined
  #waiting: ((view: QuorumView) => void) | undefined

  changed(view: QuorumView): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#fresh = view
    else waiting(view)
  }

  next(): Promise<QuorumView> {
    const fresh = this.#fresh
    this.#fresh = undefined
    if (fresh !== undefined) return Promise.resolve(fresh)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}

/** The configured name, or what the resolver says of the addresses, or the addresses. */
async function nameOf(name: string | undefined, addresses: readonly string[], options: MemberOptions): Promise<string> {
  if (!options.isAddress && name !== undefined && name !== '') return name
  const shown = options.isAll ? addresses : addresses.slice(0, 1)
  const texts = options.isAddress ? shown : await Promise.all(shown.map(resolvedName))
  return texts.join(', ')
}

async function resolvedName(address: string): Promise<string> {
  try {
    return (await dns.promises.lookupService(address, 0)).hostname
  } catch {
    return address
  }
}
