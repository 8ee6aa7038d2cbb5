import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { failed, ok, type Result } from '@quorate/base'
import { cibFaults, faultText } from '@quorate/cib'
import { element, formatXml, type XmlElement } from '@quorate/xml'
import { type ClusterHost, type HostSpec, hostText } from '../api/index.ts'
import type { CleanUpStep } from '../cluster/change.ts'
import type { NamedNode } from '../cluster/cib-edit.ts'
import { clusterName, memberNames } from '../cluster/cluster-name.ts'
import { fencingViews } from '../cluster/fencing-view.ts'
import { momentText } from '../cluster/moment-text.ts'
import { cibLines, cibOf } from '../remote/cib-answer.ts'
import { type HelperRequest, WordError } from '../remote/helper-request.ts'
import { begunProgress, failedAt, type HostProgress, reached, retryMs } from '../remote/host-progress.ts'
import type { KnownHostLine } from '../remote/known-hosts.ts'
import { keyArguments, resolveArguments, resolvedUser } from '../remote/ssh-arguments.ts'
import { cleanUpCommands, faultOfTool, fencingHistory } from '../remote/tool-answer.ts'
import type { ChangeResult, ClusterSource, SourceListener } from './cluster-source.ts'
import type { SshFolder } from './ssh-folder.ts'
import { LinkLost, SshLink, type ToolAnswer } from './ssh-link.ts'

/** How long a change may take, and a look, in milliseconds. */
const changeMsMax = 60_000
const lookMsMax = 20_000
/**
 * Between two looks, as a multiple of what the last one took: a host is kept busy for a tenth of the time where nothing
 * happens, and for a quarter while something does. Tools that start at once are asked twice a second all the same.
 */
const restPerLook = { quiet: 9, lively: 3 } as const
const restMsMin = 500
const restMsMax = 10_000
/** How long after a change something may still be happening. */
const livelyMs = 30_000
/** Between two looks at a host whose cluster does not answer. */
const silentMs = 2_000
/** Between two questions to the fencer, where the CIB has changed meanwhile and where not. */
const fencingMsMin = 4_000
const fencingMsMax = 15_000
/** How long ssh may take to read its configuration, and to show a key, in milliseconds. */
const resolveMsMax = 5_000
const keyMsMax = 15_000

type Host = {
  readonly id: number
  readonly spec: HostSpec
  progress: HostProgress
  link: SshLink | undefined
  /** Its name in the cluster, once it has answered. */
  node: string | undefined
  key: KnownHostLine | undefined
  wasThere: boolean
  attempts: number
  retry: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined
}

/** What an {@link SshSource} is made with. */
export type SshSourceOptions = {
  readonly hosts: readonly HostSpec[]
  readonly folder: SshFolder
  /** What it is called here, whatever its configuration says. */
  readonly title?: string | undefined
  /** Fingerprints of host keys that are accepted without being asked. */
  readonly accepted?: ReadonlySet<string> | undefined
  /** Takes a cluster of one member too; by itself it is turned away, since it protects nothing. */
  readonly takesOneMember?: boolean | undefined
  readonly now?: () => number
}

/**
 * A cluster that this machine is no node of, through the tools of hosts that are: one connection and one shell on each host
 * that was named. It is looked at through one of them; another takes over when that is lost.
 */
export class SshSource implements ClusterSource {
  readonly kind = 'cluster'
  readonly isWritable = true
  /** Told when anything of {@link hosts} or {@link discovered} is another. */
  onHosts: () => void = () => undefined
  readonly #title: string | undefined
  readonly #takesOneMember: boolean
  readonly #folder: SshFolder
  readonly #accepted: ReadonlySet<string>
  readonly #now: () => number
  readonly #hosts: Host[] = []
  #ids = 0
  #listener: SourceListener | undefined
  #active: Host | undefined
  #name: string | undefined
  #members: readonly string[] = []
  #isLost = false
  #isClosed = false
  #isFencingDue = true
  #fencingAskedMs = Number.NEGATIVE_INFINITY
  readonly #pauses = new Set<() => void>()
  readonly #ends = new AbortController()

  constructor({
    hosts,
    folder,
    title,
    accepted = new Set(),
    takesOneMember = false,
    now = Date.now,
  }: SshSourceOptions) {
    this.#title = title
    this.#takesOneMember = takesOneMember
    this.#folder = folder
    this.#accepted = accepted
    this.#now = now
    for (const spec of hosts) this.#add(spec)
  }

  /** As it is called here, else as the configuration calls it; the first host's name until that was read, and where it does not. */
  get name(): string {
    return this.#title ?? this.#name ?? this.#hosts[0]?.spec.host ?? 'cluster'
  }

  /** Whether the configuration says a name. */
  get ownName(): string | undefined {
    return this.#name
  }

  get hosts(): readonly ClusterHost[] {
    return this.#hosts.map((host) => ({
      id: host.id,
      text: hostText(host.spec),
      node: host.node ?? null,
      done: { ...host.progress.done },
      failure: host.progress.failure ?? null,
      key: host.key?.key ?? null,
      isActive: host === this.#active,
      retryAt: host.retry === undefined ? null : momentText(host.retry.atMs),
    }))
  }

  /** Members of the cluster that are not connected to. */
  get discovered(): readonly string[] {
    const known = new Set(this.#hosts.flatMap(({ node, spec }) => [node, spec.host]))
    return this.#members.filter((name) => !known.has(name))
  }

  start(listener: SourceListener): void {
    this.#listener = listener
    for (const host of this.#hosts) void this.#connect(host)
  }

  /** Connects to more hosts of the cluster; those that are there already are left alone. */
  addHosts(specs: readonly HostSpec[]): void {
    const known = new Set(this.#hosts.map(({ spec }) => hostText(spec)))
    for (const spec of specs) {
      if (!known.has(hostText(spec))) void this.#connect(this.#add(spec))
    }
  }

  /** Tries a host again that has failed. False: there is no such host, or it has not failed. */
  retry(id: number): boolean {
    const host = this.#hosts.find((one) => one.id === id)
    if (host?.progress.failure === undefined) return false
    void this.#connect(host)
    return true
  }

  /** Takes the key that a host has shown for its own. What is wrong with that is answered as a sentence. */
  acceptKey(id: number, fingerprint: string, isSaved: boolean): Result<undefined, string> {
    const host = this.#hosts.find((one) => one.id === id)
    if (host?.key === undefined) return failed('there is no key of this host to be accepted')
    if (host.key.key.fingerprint !== fingerprint)
      return failed(`the host shows another key: ${host.key.key.fingerprint}`)
    try {
      this.#folder.accept(host.key, isSaved)
    } catch (error) {
      return failed(`the key cannot be kept: ${(error as Error).message}`)
    }
    void this.#connect(host)
    return ok(undefined)
  }

  async patch(diff: XmlElement): Promise<ChangeResult> {
    return this.#change({ verb: 'patch', xml: formatXml(diff) })
  }

  async removeConstraints(ids: readonly string[]): Promise<ChangeResult> {
    const items = ids.map((id) => element('rsc_location', { id }))
    const result = await this.#change({ verb: 'remove', xml: formatXml(element('constraints', {}, items)) })
    return result.rc === cibFaults.noSuchObject ? { rc: 0, text: '' } : result
  }

  async forgetAttribute(node: NamedNode, name: string): Promise<ChangeResult> {
    const result = await this.#change({ verb: 'attribute', node: node.uname, name })
    return result.rc === cibFaults.noSuchObject ? { rc: 0, text: '' } : result
  }

  async cleanUp(steps: readonly CleanUpStep[]): Promise<ChangeResult> {
    for (const command of cleanUpCommands(steps)) {
      const done = await this.#change(command)
      if (done.rc !== 0) return done
    }
    return { rc: 0, text: '' }
  }

  close(): void {
    this.#isClosed = true
    this.#ends.abort()
    this.#wake()
    for (const host of this.#hosts) {
      clearTimeout(host.retry?.timer)
      host.link?.close()
    }
  }

  #add(spec: HostSpec): Host {
    this.#ids += 1
    const host: Host = {
      id: this.#ids,
      spec,
      progress: begunProgress,
      link: undefined,
      node: undefined,
      key: undefined,
      wasThere: false,
      attempts: 0,
      retry: undefined,
    }
    this.#hosts.push(host)
    return host
  }

  async #change(request: HelperRequest): Promise<ChangeResult> {
    const link = this.#active?.link
    if (link === undefined) return { rc: cibFaults.notConnected, text: 'no host is connected' }
    try {
      const { rc, text } = await link.request(request, changeMsMax)
      this.#wake()
      const code = faultOfTool(rc, text)
      return { rc: code, text: code === 0 ? '' : text === '' ? faultText(code) : text }
    } catch (fault) {
      if (fault instanceof LinkLost) return { rc: cibFaults.notConnected, text: fault.message }
      if (fault instanceof WordError) return { rc: cibFaults.invalid, text: fault.message }
      throw fault
    }
  }

  async #connect(host: Host): Promise<void> {
    clearTimeout(host.retry?.timer)
    host.retry = undefined
    host.link?.close()
    host.link = undefined
    host.key = undefined
    const begun = { ...begunProgress }
    host.progress = begun
    if (host === this.#active) this.#active = undefined
    this.onHosts()
    const { spec } = host
    const resolved = await this.#ssh(resolveArguments(spec, this.#folder.files), resolveMsMax)
    // Closed, or begun anew meanwhile.
    if (this.#isClosed || host.progress !== begun) return
    const user = resolvedUser(resolved.text)
    if (user === undefined) {
      this.#ended(host, failedAt(host.progress, 'ssh', resolved.text))
      return
    }
    const entry = { user, sudo: spec.sudo ?? user !== 'root' }
    const link = new SshLink(spec, entry, this.#folder.files, {
      progress: (progress) => this.#progressed(host, link, progress),
      ready: () => void this.#enter(host, link),
      ended: (progress) => {
        if (host.link === link) this.#ended(host, progress)
      },
    })
    host.link = link
  }

  /** Runs ssh for something that is no connection; both its outputs, and whether it did it. */
  async #ssh(argv: readonly string[], timeout: number): Promise<{ readonly isDone: boolean; readonly text: string }> {
    const env = { ...process.env, LC_ALL: 'C' }
    const running = promisify(execFile)('ssh', [...argv], { timeout, env, signal: this.#ends.signal })
    running.child.stdin?.end()
    try {
      const { stdout, stderr } = await running
      return { isDone: true, text: stdout + stderr }
    } catch (error) {
      const { stderr, message } = error as Error & { readonly stderr?: string }
      return { isDone: false, text: (stderr ?? '').trim() === '' ? message : (stderr ?? '').trim() }
    }
  }

  #progressed(host: Host, link: SshLink, progress: HostProgress): void {
    if (host.link !== link) return
    host.progress = progress
    this.onHosts()
  }

  /** A host's shell answers: is there a cluster behind it, and is it this one? */
  async #enter(host: Host, link: SshLink): Promise<void> {
    try {
      for (;;) {
        const { rc, text } = await link.request({ verb: 'name' }, lookMsMax)
        if (this.#isClosed || host.link !== link) return
        if (rc === 0 && text !== '') {
          host.node = text
          break
        }
        host.progress = failedAt(host.progress, 'notRunning', text)
        this.onHosts()
        if (this.#active === undefined) this.#lose(`${hostText(host.spec)}: ${text}`)
        await this.#pause(silentMs)
      }
    } catch (fault) {
      if (fault instanceof LinkLost) return
      throw fault
    }
    if (this.#isStranger(host)) {
      this.#dismiss(host)
      return
    }
    host.progress = reached(host.progress, 'cluster', host.node ?? '')
    host.attempts = 0
    this.onHosts()
    if (this.#active === undefined) void this.#follow(host, link)
  }

  /** Whether a host calls itself by a name that the cluster does not know. */
  #isStranger({ node }: Host): boolean {
    return node !== undefined && this.#members.length > 0 && !this.#members.includes(node)
  }

  #dismiss(host: Host): void {
    const detail = `${host.node} is not among ${this.#members.join(' ')}`
    this.#turnAway(host, failedAt(host.progress, 'otherCluster', detail, { stage: 'cluster' }))
  }

  #turnAway(host: Host, progress: HostProgress): void {
    host.link?.close()
    const { cluster: _, ...done } = progress.done
    this.#ended(host, { ...progress, done })
  }

  #ended(host: Host, progress: HostProgress): void {
    host.link = undefined
    host.progress = progress
    const inMs = retryMs(progress, host.wasThere, host.attempts)
    if (inMs !== undefined) {
      host.attempts += 1
      const timer = setTimeout(() => void this.#connect(host), inMs)
      host.retry = { atMs: this.#now() + inMs, timer }
    }
    if (progress.failure?.code === 'keyUnknown') void this.#lookAtKey(host)
    if (host === this.#active) this.#active = undefined
    this.onHosts()
    if (this.#active === undefined) this.#takeOver(`${hostText(host.spec)}: ${progress.failure?.detail ?? ''}`)
  }

  /** Has the next host that is there take over; else the contact is lost. */
  #takeOver(reason: string, except?: Host): void {
    const next = this.#hosts.find(
      (host) => host !== except && host.link !== undefined && host.progress.done.cluster !== undefined,
    )
    if (next?.link !== undefined) void this.#follow(next, next.link)
    else this.#lose(reason)
  }

  #lose(reason: string): void {
    if (this.#isClosed || this.#isLost) return
    this.#isLost = true
    this.#listener?.lost(reason)
  }

  /** Gets the key that a host shows, so that a person can accept it. */
  async #lookAtKey(host: Host): Promise<void> {
    const { progress } = host
    const file = this.#folder.pendingFile()
    await this.#ssh(keyArguments(host.spec, this.#folder.files, file), keyMsMax)
    if (this.#isClosed || host.progress !== progress) return
    const lines = this.#folder.takeKeys(file)
    // The very key that was refused, and no other one that is shown now.
    host.key = lines.find(({ key }) => progress.shownKey === `${key.type} ${key.fingerprint}`)
    if (host.key !== undefined && this.#accepted.has(host.key.key.fingerprint)) {
      this.acceptKey(host.id, host.key.key.fingerprint, false)
      return
    }
    this.onHosts()
  }

  /** Looks at the cluster through a host for as long as that is the one. */
  async #follow(host: Host, link: SshLink): Promise<void> {
    this.#active = host
    host.wasThere = true
    this.onHosts()
    this.#listener?.localNode(host.node ?? host.spec.host)
    let verb: 'anew' | 'look' = 'anew'
    let lines: readonly string[] = []
    let changedMs = Number.NEGATIVE_INFINITY
    const isOn = (): boolean => this.#active === host && host.link === link && !this.#isClosed
    try {
      while (isOn()) {
        const beganMs = performance.now()
        const answer = await link.request({ verb }, lookMsMax)
        if (!isOn()) return
        const seen = answer.rc === 0 ? cibLines(lines, answer.text) : undefined
        const cib = seen === 'same' || seen === undefined ? undefined : cibOf(seen)
        if (seen === 'same') {
          this.#hear(host)
        } else if (cib !== undefined && seen !== undefined) {
          lines = seen
          verb = 'look'
          this.#see(host, cib)
        } else if (this.#isSilent(host, answer)) return
        else verb = 'anew'
        const endedMs = performance.now()
        if (cib !== undefined) changedMs = endedMs
        const perLook = endedMs - changedMs < livelyMs ? restPerLook.lively : restPerLook.quiet
        const restMs = Math.min(restMsMax, Math.max(restMsMin, perLook * (endedMs - beganMs)))
        await this.#askFencer(link)
        await this.#pause(answer.rc === 0 ? restMs : silentMs)
      }
    } catch (fault) {
      // Its end is told by the link itself.
      if (!(fault instanceof LinkLost)) throw fault
    }
  }

  /** The cluster does not answer on this host: another one is asked, where there is one. True: it is another's turn. */
  #isSilent(host: Host, { rc, text }: ToolAnswer): boolean {
    const detail = rc === 0 ? 'what cibadmin prints cannot be read' : text === '' ? `cibadmin ended with ${rc}` : text
    const isNew = host.progress.failure?.detail !== detail
    if (isNew) {
      const { cluster: _, ...done } = host.progress.done
      host.progress = failedAt({ ...host.progress, done }, 'notRunning', detail)
      this.onHosts()
    }
    this.#takeOver(`${hostText(host.spec)}: ${detail}`, host)
    if (this.#active === host) return false
    if (host.link !== undefined) void this.#enter(host, host.link)
    return true
  }

  #see(host: Host, cib: XmlElement): void {
    this.#name = clusterName(cib)
    const members = memberNames(cib)
    if (members.length === 1 && !this.#takesOneMember) {
      const detail = `${members[0]} is the only member of this cluster`
      for (const one of this.#hosts) {
        if (one.link !== undefined)
          this.#turnAway(one, failedAt(one.progress, 'oneMember', detail, { stage: 'cluster' }))
      }
      return
    }
    const isNew = members.join('\n') !== this.#members.join('\n')
    this.#members = members
    this.#isFencingDue = true
    this.#hear(host)
    this.#listener?.seen(cib)
    if (!isNew) return
    this.onHosts()
    for (const other of this.#hosts) if (other !== host && this.#isStranger(other)) this.#dismiss(other)
  }

  /** The cluster answers on this host. */
  #hear(host: Host): void {
    this.#isLost = false
    if (host.progress.failure === undefined && host.progress.done.cluster !== undefined) return
    host.progress = reached(host.progress, 'cluster', host.node ?? '')
    this.onHosts()
  }

  async #askFencer(link: SshLink): Promise<void> {
    const nowMs = performance.now()
    if (nowMs - this.#fencingAskedMs < (this.#isFencingDue ? fencingMsMin : fencingMsMax)) return
    this.#isFencingDue = false
    this.#fencingAskedMs = nowMs
    const { rc, text } = await link.request({ verb: 'fencing' }, lookMsMax)
    if (rc === 0 && text !== 'same' && !this.#isClosed) this.#listener?.fencing(fencingViews(fencingHistory(text)))
  }

  /** Waits, or until there is a reason to look at once. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#pauses.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#pauses.add(end)
    })
  }

  #wake(): void {
    for (const end of [...this.#pauses]) end()
  }
}
