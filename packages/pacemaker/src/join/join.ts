import { compareNodeNames } from '@quorate/base'
import { compareGenerations, type Generation } from './generation.ts'

/** How far a node has come into the cluster, as its DC sees it (behaviour/pacemaker-daemons.md 2.6). */
export type JoinPhase = 'none' | 'welcomed' | 'integrated' | 'finalized' | 'confirmed' | 'nack'

/** The join that a DC leads. */
export type JoinState = {
  /** Number of the round; answers to another one count for nothing. */
  readonly id: number
  readonly phases: ReadonlyMap<string, JoinPhase>
  /** The newest CIB offered so far; everybody gets this one. */
  readonly best: { readonly uname: string; readonly generation: Generation } | undefined
}

/** Before the first round. */
export const initialJoin: JoinState = { id: 0, phases: new Map(), best: undefined }

/** Phase of a node; `none` for one that was never asked. */
export function phaseOf(join: JoinState, uname: string): JoinPhase {
  return join.phases.get(uname) ?? 'none'
}

/** Nodes in one of these phases, by name. */
export function nodesIn(join: JoinState, ...wanted: readonly JoinPhase[]): readonly string[] {
  return [...join.phases].flatMap(([uname, phase]) => (wanted.includes(phase) ? [uname] : [])).sort(compareNodeNames)
}

/** The next round: everybody is asked anew. */
export function offerAll(join: JoinState, unames: readonly string[]): JoinState {
  return { id: join.id + 1, phases: new Map(unames.map((uname) => [uname, 'welcomed'])), best: undefined }
}

/**
 * A newcomer in the same round. This node is asked again with it, so that the comparison of CIBs contains its own.
 */
export function offerTo(join: JoinState, unames: readonly string[]): JoinState {
  const phases = new Map(join.phases)
  for (const uname of unames) phases.set(uname, 'welcomed')
  return { ...join, phases, best: undefined }
}

/** What a node says when it answers an offer. */
export type JoinRequest = {
  readonly uname: string
  readonly joinId: number
  readonly isActive: boolean
  readonly version: string
  /** Undefined when it sent none, which is a reason to refuse it. */
  readonly generation: Generation | undefined
}

/** Why a request was not accepted. `stale`: another round, no harm; `refused`: the node stays out. */
export type JoinVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Takes the answer to an offer. */
export function takeRequest(
  join: JoinState,
  request: JoinRequest,
  self: { readonly uname: string; readonly version: string },
): { readonly join: JoinState; readonly verdict: JoinVerdict } {
  if (request.joinId !== join.id) return { join, verdict: { kind: 'stale' } }
  const reason = reasonToRefuse(request, self.version)
  const phases = new Map(join.phases)
  if (reason !== undefined || request.generation === undefined) {
    phases.set(request.uname, 'nack')
    return { join: { ...join, phases }, verdict: { kind: 'refused', reason: reason ?? 'no generation' } }
  }
  phases.set(request.uname, 'integrated')
  const order = join.best === undefined ? 1 : compareGenerations(request.generation, join.best.generation)
  const isBetter = order > 0 || (order === 0 && request.uname === self.uname)
  const best = isBetter ? { uname: request.uname, generation: request.generation } : join.best
  return { join: { ...join, phases, best }, verdict: { kind: 'accepted' } }
}

function reasonToRefuse(request: JoinRequest, version: string): string | undefined {
  if (!request.isActive) return 'it is not an active member'
  if (request.generation === undefined) return 'it sent no generation'
  if (!isCompatible(version, request.version)) {
    return `its feature set ${request.version} is not compatible with ours (${version})`
  }
  return undefined
}

/** A DC leads nodes of its own major number that know at least what it knows. */
export function isCompatible(dc: string, joiner: string): boolean {
  const [dcMajor, dcMinor] = dc.split('.').map((part) => Number.parseInt(part, 10))
  const [major, minor] = joiner.split('.').map((part) => Number.parseInt(part, 10))
  return dcMajor === major && (dcMinor ?? 0) <= (minor ?? Number.NaN)
}

/** The DC has answered those that were integrated; from now on their confirmation is awaited. */
export function finalizeAll(join: JoinState): JoinState {
  const phases = new Map(join.phases)
  for (const uname of nodesIn(join, 'integrated')) phases.set(uname, 'finalized')
  return { ...join, phases }
}

/** A node has confirmed; false when nobody asked it to. */
export function takeConfirmation(
  join: JoinState,
  uname: string,
  joinId: number,
): { readonly join: JoinState; readonly isAccepted: boolean } {
  if (joinId !== join.id || phaseOf(join, uname) !== 'finalized') return { join, isAccepted: false }
  return { join: { ...join, phases: new Map(join.phases).set(uname, 'confirmed') }, isAccepted: true }
}

/** A node has gone. */
export function withoutNode(join: JoinState, uname: string): JoinState {
  const phases = new Map(join.phases)
  phases.delete(uname)
  return { ...join, phases, best: join.best?.uname === uname ? undefined : join.best }
}

/** True when no answer to an offer is awaited any more. */
export function isIntegrated(join: JoinState): boolean {
  return nodesIn(join, 'welcomed').length === 0
}

/** True when every node that was let in has confirmed. */
export function isComplete(join: JoinState): boolean {
  return nodesIn(join, 'welcomed', 'integrated', 'finalized').length === 0
}
