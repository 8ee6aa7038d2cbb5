import { type HostFailure, type HostFailureCode, type HostStage, hostStages } from '../api/fleet.ts'

/** How far a host has been reached, by what ssh and the host have said. */
export type HostProgress = {
  /** What was found out at each stage that is done. */
  readonly done: Readonly<Partial<Record<HostStage, string>>>
  readonly failure: HostFailure | undefined
  /** Address and port that were tried last; empty behind a proxy. */
  readonly address: string
  /** The key that the host has shown: its type and fingerprint. */
  readonly shownKey: string
  /** The last lines that were no part of ssh's own account. */
  readonly words: readonly string[]
}

export const begunProgress: HostProgress = { done: {}, failure: undefined, address: '', shownKey: '', words: [] }

/** How long a stage may take, in milliseconds. */
export const stageMsMax: Readonly<Record<HostStage, number>> = {
  tcp: 10_000,
  hostKey: 10_000,
  auth: 10_000,
  privilege: 10_000,
  cluster: 20_000,
}

/** Lines that are remembered for the account of a failure, and characters of one. */
const wordsMax = 24
const wordCharsMax = 300

/** What ssh says at its end where it is asked to say much. */
const accounts = /^(?:Transferred: sent |Bytes per second: sent )/

/** The stage that is under way; undefined where all are done. */
export function stageOf({ done }: Pick<HostProgress, 'done'>): HostStage | undefined {
  return hostStages.find((stage) => done[stage] === undefined)
}

/** A stage is done, and so are those before it. */
export function reached(progress: HostProgress, stage: HostStage, detail: string): HostProgress {
  const done: Partial<Record<HostStage, string>> = {}
  for (const one of hostStages.slice(0, hostStages.indexOf(stage))) done[one] = progress.done[one] ?? ''
  return { ...progress, done: { ...progress.done, ...done, [stage]: detail }, failure: undefined }
}

export function failedAt(
  progress: HostProgress,
  code: HostFailureCode,
  detail: string,
  more: { readonly stage?: HostStage; readonly remedy?: string } = {},
): HostProgress {
  const stage = more.stage ?? stageOf(progress) ?? 'cluster'
  return { ...progress, failure: { stage, code, detail, remedy: more.remedy ?? null } }
}

/**
 * What a line of `ssh -v` says of the way to a host (OpenSSH 8 to 10; man ssh, LogLevel DEBUG1). A line that is not known
 * changes nothing but the words: stages are also done by what comes after them.
 */
export function heardOfSsh(progress: HostProgress, line: string): HostProgress {
  const own = /^debug\d: (.*)$/.exec(line)?.[1]
  if (own !== undefined) return heardOfDebug(progress, own)
  const authenticated = /^Authenticated to .* using "(.*)"\.$/.exec(line)
  if (authenticated !== null) return reached(progress, 'auth', authenticated[1] ?? '')
  if (line.trim() === '' || accounts.test(line)) return progress
  return { ...progress, words: [...progress.words, line.slice(0, wordCharsMax)].slice(-wordsMax) }
}

function heardOfDebug(progress: HostProgress, line: string): HostProgress {
  const connecting = /^Connecting to (?:.* \[(.*)\]|(.*)) port (\d+)\.$/.exec(line)
  if (connecting !== null) return { ...progress, address: `${connecting[1] ?? connecting[2]} ${connecting[3]}` }
  if (line === 'Connection established.') return reached(progress, 'tcp', progress.address)
  const key = /^Server host key: (\S+ SHA256:\S+)/.exec(line)?.[1]
  // Behind a proxy there is no connection of one's own to be established.
  if (key !== undefined) return { ...reached(progress, 'tcp', progress.done.tcp ?? progress.address), shownKey: key }
  if (/^Host '.*' is known and matches the .*host (key|certificate)\.$/.test(line)) {
    return reached(progress, 'hostKey', progress.shownKey)
  }
  return progress
}

/** Who goes in, and whether by sudo. */
export type HostEntry = { readonly user: string; readonly sudo: boolean }

/** What is said of a failure by which words, wherever they are in them. */
const sayings: readonly (readonly [RegExp, HostFailureCode, HostStage])[] = [
  [/Could not resolve hostname/, 'unresolved', 'tcp'],
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, 'keyChanged', 'hostKey'],
  [/host key is known for .* and you have requested strict checking/, 'keyUnknown', 'hostKey'],
  [/Unable to negotiate|no matching [a-z ]* found|Host key verification failed/, 'keyRefused', 'hostKey'],
  [/Permission denied|Too many authentication failures|No more authentication methods/, 'denied', 'auth'],
  [/: Connection refused$/, 'refused', 'tcp'],
  [/^ssh: connect to host .* port \d+: /, 'unreachable', 'tcp'],
]

/** What the end of ssh means, at the stage that was under way. */
export function endedSsh(progress: HostProgress, code: number | null, entry: HostEntry): HostProgress {
  if (progress.failure !== undefined) return progress
  const words = progress.words.filter((line) => !/^@+$/.test(line) && !/^@ .* @$/.test(line))
  const detail = words.length === 0 ? `ssh ended with ${code ?? 'a signal'}` : words.join('\n')
  const stage = stageOf(progress)
  if (stage === undefined || stage === 'cluster') return failedAt(progress, 'lost', detail, { stage: 'cluster' })
  if (stage === 'privilege') {
    if (!entry.sudo) return failedAt(progress, 'shell', detail)
    return failedAt(progress, 'sudo', detail, { remedy: sudoersLine(entry.user) })
  }
  const known = sayings.find(([form]) => progress.words.some((line) => form.test(line)))
  if (known === undefined) return failedAt(progress, 'ssh', detail)
  return failedAt(progress, known[1], detail, { stage: known[2] })
}

/** What is run on a host: the shell that the helper is told to. */
export const shellCommand = 'sh -s'
export const sudoCommand = 'sudo -n -- /bin/sh -s'

/** The line of sudoers that lets a user in. */
export function sudoersLine(user: string): string {
  return `${user} ALL=(root) NOPASSWD: /bin/sh -s`
}

/** What is known of a host's key that is not accepted: the name that `known_hosts` is to have. */
export function unknownKeyName({ words }: HostProgress): string | undefined {
  for (const line of words) {
    const name = /host key is known for (\S+) and you have requested strict checking/.exec(line)?.[1]
    if (name !== undefined) return name
  }
  return undefined
}

/** What the helper says of its host in the first place. */
export type HostFacts = {
  readonly user: string
  readonly uid: number
  /** Tools that are not there. */
  readonly missing: readonly string[]
  readonly version: string
}

/** @returns undefined where these are none */
export function hostFacts(text: string): HostFacts | undefined {
  const facts = new Map(text.split('\n').map((line) => [line.replace(/=.*/s, ''), line.replace(/^[^=]*=/, '')]))
  const uid = facts.get('uid') ?? ''
  if (!/^\d+$/.test(uid)) return undefined
  const missing = (facts.get('missing') ?? '').split(' ').filter((tool) => tool !== '')
  return { user: facts.get('user') ?? '', uid: Number(uid), missing, version: facts.get('version') ?? '' }
}

/** The helper has begun, and may be able to do what it is for. */
export function greeted(progress: HostProgress, facts: HostFacts): HostProgress {
  const privileged = reached({ ...progress, words: [] }, 'privilege', facts.user)
  if (facts.missing.length === 0) return privileged
  return failedAt(privileged, 'noPacemaker', `not there: ${facts.missing.join(' ')}`)
}

/**
 * In how many milliseconds a host is tried again by itself; undefined: it is not. A host that does not let in is not asked
 * again and again: that fills its log, and some lock the user out.
 *
 * @param wasThere the cluster was once seen through it
 * @param attempt how many there were since
 */
export function retryMs({ failure }: HostProgress, wasThere: boolean, attempt: number): number | undefined {
  if (failure === undefined || ['otherCluster', 'oneMember', 'noPacemaker'].includes(failure.code)) return undefined
  const isTransient = ['unresolved', 'refused', 'unreachable', 'timeout', 'lost', 'ssh'].includes(failure.code)
  if (!isTransient && !wasThere) return undefined
  if (failure.stage === 'hostKey') return undefined
  return Math.min(retryMsMax, (isTransient ? retryMsMin : retryMsSlow) * 2 ** Math.min(attempt, 10))
}

const retryMsMin = 2_000
const retryMsSlow = 15_000
const retryMsMax = 60_000
