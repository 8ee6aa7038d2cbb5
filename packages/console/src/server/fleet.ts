import { randomBytes } from 'node:crypto'
import { failed, ok, type Result } from '@quorate/base'
import { distinctNames, newClusterId } from '../access/cluster-names.ts'
import {
  type ClusterSummary,
  type ConnectRequest,
  type Fleet as FleetView,
  type HostSpec,
  type KeyAcceptance,
  limits,
} from '../api/index.ts'
import { clusterHealth } from '../cluster/cluster-health.ts'
import type { Refusal } from '../cluster/preview.ts'
import type { ClusterSource } from './cluster-source.ts'
import { EventStream, EventStreams } from './event-stream.ts'
import { Operations } from './operations.ts'
import { OracleThread, type Thinker } from './oracle-thread.ts'
import { Picture } from './picture.ts'
import { SshFolder } from './ssh-folder.ts'
import { SshSource } from './ssh-source.ts'

/** Changes within so many milliseconds are told as one. */
const gatherMs = 100

/** One cluster of the server, and all that is there for it. */
export type FleetCluster = {
  readonly id: string
  readonly kind: ClusterSummary['kind']
  readonly source: ClusterSource
  readonly picture: Picture
  readonly thinker: Thinker
  readonly operations: Operations
  readonly streams: EventStreams
}

export type FleetOptions = {
  /** Who thinks; left out: a thread for each cluster. */
  readonly thinker: Thinker | undefined
  readonly now: () => number
  /** File of the host keys that are kept; left out: the console's own. */
  readonly knownHosts: string | undefined
  /** Whether clusters of one member are connected to. */
  readonly takesOneMember: boolean | undefined
}

/** The clusters of a server, and the way to more of them. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #clusters = new Map<string, FleetCluster>()
  readonly #names = new Map<string, string>()
  readonly #streams = new Set<EventStream>()
  /** Told of each change, beside the browsers. */
  onChange: (view: FleetView) => void = () => undefined
  #folder: SshFolder | undefined
  #due: NodeJS.Timeout | undefined
  #told = ''

  constructor(options: FleetOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#clusters.size
  }

  get streamCount(): number {
    return this.#streams.size
  }

  /** The one that paths without an id mean. */
  get first(): FleetCluster | undefined {
    const [first] = this.#clusters.values()
    return first
  }

  find(id: string): FleetCluster | undefined {
    return this.#clusters.get(id)
  }

  get view(): FleetView {
    const clusters = [...this.#clusters.values()]
    const names = distinctNames(clusters.map((cluster) => this.#nameOf(cluster)))
    return { clusters: clusters.map((cluster, index) => summaryOf(cluster, names[index] ?? cluster.id)) }
  }

  summary(id: string): ClusterSummary | undefined {
    return this.view.clusters.find((cluster) => cluster.id === id)
  }

  /** Takes a cluster in; what is seen of it begins with its picture's start. */
  add(source: ClusterSource, kind: ClusterSummary['kind'], id: string): FleetCluster {
    const thinker = this.#options.thinker ?? new OracleThread()
    const { now } = this.#options
    const picture = new Picture(source, thinker, randomBytes(6).toString('hex'), now)
    const told: { streams?: EventStreams } = {}
    const operations = new Operations(source, picture, thinker, now, (operation) => told.streams?.operation(operation))
    const streams = new EventStreams(picture, operations)
    told.streams = streams
    const cluster = { id, kind, source, picture, thinker, operations, streams }
    this.#clusters.set(id, cluster)
    const later = (): void => this.#later()
    picture.listen({ snapshot: later, patch: later, stale: later })
    if (source instanceof SshSource) source.onHosts = later
    later()
    return cluster
  }

  /**
   * Connects to a cluster that this machine is no node of.
   *
   * @param accepted fingerprints of host keys that are accepted without being asked
   */
  connect(request: ConnectRequest, accepted?: ReadonlySet<string>): Result<FleetCluster, Refusal> {
    if (this.#clusters.size >= limits.clustersMax) {
      const detail = `${limits.clustersMax} clusters are there already`
      return failed({ code: 'tooMany', detail, params: {} })
    }
    try {
      this.#folder ??= new SshFolder(this.#options.knownHosts)
    } catch (error) {
      const detail = `what ssh is to be told of cannot be written: ${(error as Error).message}`
      return failed({ code: 'internal', detail, params: {} })
    }
    const { hosts, name } = request
    const given = name === null || name === '' ? undefined : name
    const id = newClusterId(given ?? hosts[0]?.host ?? '', new Set(this.#clusters.keys()))
    if (given !== undefined) this.#names.set(id, given)
    const { now, takesOneMember } = this.#options
    const source = new SshSource({ hosts, folder: this.#folder, title: given, accepted, takesOneMember, now })
    const cluster = this.add(source, 'ssh', id)
    cluster.picture.start()
    return ok(cluster)
  }

  /** Lets a cluster go that was connected to. Nothing happens to it. */
  async disconnect(id: string): Promise<Result<undefined, Refusal>> {
    const cluster = this.#connected(id)
    if (!cluster.ok) return cluster
    this.#clusters.delete(id)
    this.#names.delete(id)
    this.#later()
    await this.#end(cluster.value)
    return ok(undefined)
  }

  addHosts(id: string, hosts: readonly HostSpec[]): Result<undefined, Refusal> {
    const cluster = this.#connected(id)
    if (!cluster.ok) return cluster
    if (cluster.value.source.hosts.length + hosts.length > limits.hostsMax) {
      return failed({ code: 'tooMany', detail: `a cluster has at most ${limits.hostsMax} hosts here`, params: {} })
    }
    cluster.value.source.addHosts(hosts)
    return ok(undefined)
  }

  retry(id: string, host: number): Result<undefined, Refusal> {
    const cluster = this.#connected(id)
    if (!cluster.ok) return cluster
    if (cluster.value.source.retry(host)) return ok(undefined)
    return failed({ code: 'unprocessable', detail: 'there is no such host, or it has not failed', params: {} })
  }

  accept(id: string, host: number, { fingerprint, save }: KeyAcceptance): Result<undefined, Refusal> {
    const cluster = this.#connected(id)
    if (!cluster.ok) return cluster
    const done = cluster.value.source.acceptKey(host, fingerprint, save)
    return done.ok ? done : failed({ code: 'unprocessable', detail: done.error, params: {} })
  }

  /** A stream of what becomes of the clusters. */
  openStream(login: string): ReadableStream<Uint8Array> {
    const stream = new EventStream(login, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    stream.send({ name: 'clusters', data: this.view }, undefined)
    return stream.body
  }

  /** Ends the streams of a login, or all: those of every cluster too. */
  endStreams(reason: string, login?: string): void {
    for (const { streams } of this.#clusters.values()) streams.end(reason, login)
    for (const stream of [...this.#streams]) {
      if (login !== undefined && stream.login !== login) continue
      stream.send({ name: 'goodbye', data: { reason } }, undefined)
      stream.close()
    }
  }

  async close(): Promise<void> {
    this.endStreams('the console ends')
    const clusters = [...this.#clusters.values()]
    this.#clusters.clear()
    await Promise.all(clusters.map((cluster) => this.#end(cluster)))
    clearTimeout(this.#due)
    this.#folder?.close()
  }

  #connected(id: string): Result<FleetCluster & { readonly source: SshSource }, Refusal> {
    const cluster = this.#clusters.get(id)
    if (cluster === undefined) return failed({ code: 'notFound', detail: `there is no cluster ${id}`, params: {} })
    const { source } = cluster
    if (source instanceof SshSource) return ok({ ...cluster, source })
    return failed({ code: 'unprocessable', detail: `${id} is here without a connection`, params: {} })
  }

  async #end({ operations, streams, picture, thinker }: FleetCluster): Promise<void> {
    operations.close()
    streams.close()
    picture.close()
    if (thinker !== this.#options.thinker) await thinker.close()
  }

  #nameOf({ id, source }: FleetCluster): string {
    const given = this.#names.get(id)
    if (given !== undefined) return given
    return source instanceof SshSource ? (source.ownName ?? 'default') : source.name
  }

  #later(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined
      const { view } = this
      const text = JSON.stringify(view)
      if (text === this.#told) return
      this.#told = text
      this.onChange(view)
      for (const stream of [...this.#streams]) stream.send({ name: 'clusters', data: view }, undefined)
    }, gatherMs)
  }
}

function summaryOf({ id, kind, picture, source }: FleetCluster, name: string): ClusterSummary {
  const { snapshot, stale } = picture
  const isConnected = source instanceof SshSource
  return {
    id,
    name,
    kind,
    health: snapshot === undefined ? null : clusterHealth(snapshot),
    stale,
    hosts: isConnected ? [...source.hosts] : [],
    discovered: isConnected ? [...source.discovered] : [],
  }
}
