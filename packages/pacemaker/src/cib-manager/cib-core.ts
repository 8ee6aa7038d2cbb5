import { type MonoMs, monoMs, unreachable } from '@quorate/base'
import {
  type AclGroups,
  aclOf,
  type CibCall,
  type CibOutcome,
  cibDigest,
  cibFaults,
  compareVersions,
  featureSet,
  isRestricted,
  performCall,
  replacedParts,
  versionOf,
  versionText,
} from '@quorate/cib'
import { attr, child, withAttributes, type XmlElement } from '@quorate/xml'
import type { Instant } from '../instant.ts'
import {
  type CibMessage,
  calldata,
  cibCommand,
  cibCopy,
  cibPing,
  cibReply,
  cibShutdownRequest,
  cibUpgrade,
  pingResponse,
  readCibMessage,
} from '../messages/cib-message.ts'
import { LimitedViews } from './limited-view.ts'
import { isCibOperation, operationTable } from './operation-table.ts'
import { type CibChange, type CibOperation, callOptions } from './service.ts'

/** Quiet time after a change before the DC compares everybody's digest, in milliseconds. */
export const digestDelayMs = 5000
/** Code of a change that is refused because the disk has no room for it: -ENOSPC. */
export const noSpace = -28
/** Users of whom is remembered that their ACLs have been looked at for faults. */
const toldUsersMax = 1024

/** What happens to a CIB manager. */
export type CibEvent =
  /** A request of a local client, with client, user and origin already written into it. */
  | {
      readonly kind: 'request'
      readonly xml: XmlElement
      readonly isPrivileged: boolean
      /** A part of this very daemon: its changes are not refused for want of disk space. */
      readonly isInside: boolean
    }
  /** A message of the group, in total order; our own broadcasts too. `from` is the sending node's name. */
  | { readonly kind: 'message'; readonly from: string; readonly isOwn: boolean; readonly xml: XmlElement }
  | { readonly kind: 'primary'; readonly isPrimary: boolean }
  /** How the last write to disk, or the last look at its free space, came out. */
  | { readonly kind: 'disk'; readonly isFull: boolean }
  | { readonly kind: 'stop' }
  | { readonly kind: 'tick' }

/** What a CIB manager wants done, in this order. */
export type CibEffect =
  | { readonly kind: 'send'; readonly xml: XmlElement; readonly to: string | undefined }
  | {
      readonly kind: 'reply'
      readonly clientId: string
      readonly callId: string
      readonly isSync: boolean
      readonly rc: number
      readonly output: XmlElement | undefined
      readonly xml: XmlElement
      /** The change that this answers has to reach the disk, or fail to, BEFORE the client is told. */
      readonly afterPersist: boolean
    }
  | { readonly kind: 'changed'; readonly change: CibChange; readonly input: XmlElement | undefined }
  /** The configuration changed: write it. Later ones replace earlier ones that have not begun. */
  | { readonly kind: 'persist'; readonly cib: XmlElement }
  /** A peer took note that this node leaves. */
  | { readonly kind: 'released' }
  | { readonly kind: 'log'; readonly level: 'warning' | 'notice' | 'info'; readonly text: string }

/** Operations that go through the group. */
type ChangingOperation = Exclude<CibCall['op'], 'cib_query'> | 'cib_delete_alt'

/** What a CIB manager is made of. */
export type CibCoreConfig = {
  readonly localName: string
  /** The CIB from disk, or an empty one. */
  readonly cib: XmlElement
  /** See {@link CibManager.status}. */
  readonly status: number
  readonly isValid: (cib: XmlElement) => boolean
  /** Local time of a moment as `Www Mmm DD HH:MM:SS YYYY`. */
  readonly localTime: (epochS: number) => string
  /** Whether this machine counts a user among a group, for ACLs of groups; left out: no user to any. */
  readonly isInGroup?: AclGroups
}

/**
 * The CIB manager of one node (behaviour/pacemaker-daemons.md 1). Changes are broadcast as they were asked for, and every
 * node, this one included, carries them out when they come back in the group's total order; so all hold the same
 * document without ever sending it. The node whose client asked answers it then.
 */
export class CibCore {
  readonly #config: CibCoreConfig
  #cib: XmlElement
  #digest: { readonly of: XmlElement; readonly digest: string } | undefined
  #isPrimary = false
  #isDiskFull = false
  #pingId = 0
  /** The document that was asked about in the last ping; a later change makes answers worthless. */
  #pinged: XmlElement | undefined
  #digestDue: MonoMs | undefined
  readonly #isInGroup: AclGroups
  /** What users see of the CIB whom ACLs limit. */
  readonly views: LimitedViews
  /** Users whose permissions have been looked at for faults, in this state of the ACLs. */
  #told: { readonly of: XmlElement; readonly users: Set<string> } | undefined

  constructor(config: CibCoreConfig) {
    this.#config = config
    this.#isInGroup = config.isInGroup ?? (() => false)
    this.views = new LimitedViews(this.#isInGroup)
    this.#cib = config.cib
  }

  get cib(): XmlElement {
    return this.#cib
  }

  get isPrimary(): boolean {
    return this.#isPrimary
  }

  get status(): number {
    return this.#config.status
  }

  /** When a tick is wanted next; undefined: not before something happens. */
  get dueMs(): MonoMs | undefined {
    return this.#isPrimary ? this.#digestDue : undefined
  }

  /** Digest (version 2) of the document; made once for each state of it. */
  digest(): string {
    if (this.#digest?.of !== this.#cib) this.#digest = { of: this.#cib, digest: cibDigest(this.#cib) }
    return this.#digest.digest
  }

  step(event: CibEvent, now: Instant): readonly CibEffect[] {
    switch (event.kind) {
      case 'request':
        return this.#request(event.xml, event.isPrivileged, event.isInside, now)
      case 'message':
        return this.#message(event.from, event.isOwn, event.xml, now)
      case 'primary':
        if (event.isPrimary && !this.#isPrimary) this.#digestDue = monoMs(now.monoMs + digestDelayMs)
        this.#isPrimary = event.isPrimary
        return []
      case 'disk':
        this.#isDiskFull = event.isFull
        return []
      case 'stop':
        return [{ kind: 'send', xml: cibShutdownRequest(), to: undefined }]
      case 'tick':
        return this.#tick(now)
      default:
        return unreachable(event)
    }
  }

  #tick(now: Instant): readonly CibEffect[] {
    if (this.dueMs === undefined || this.dueMs > now.monoMs) return []
    this.#digestDue = undefined
    this.#pingId += 1
    this.#pinged = this.#cib
    return [{ kind: 'send', xml: cibPing(this.#pingId, featureSet), to: undefined }]
  }

  #request(xml: XmlElement, isPrivileged: boolean, isInside: boolean, now: Instant): readonly CibEffect[] {
    const asked = readCibMessage(xml)
    if (asked === undefined) return []
    if (!isCibOperation(asked.op)) return this.#answer(asked, cibFaults.invalid, undefined)
    const row = operationTable[asked.op]
    if (row.isPrivileged && !isPrivileged) return this.#answer(asked, cibFaults.denied, undefined)
    if (this.#config.status !== 0) return this.#answer(asked, this.#config.status, this.#shownTo(asked.user))
    const { localName } = this.#config
    const told = this.#faultsFor(asked.user)
    if (this.#isKept(asked, asked.op, now)) return [...told, ...this.#answer(asked, cibFaults.denied, undefined)]
    if (row.modifies) {
      if (this.#isDiskFull && !isInside && asked.section !== 'status') return this.#answer(asked, noSpace, undefined)
      return [...told, { kind: 'send', xml: withAttributes(xml, { cib_delegated_from: localName }), to: asked.host }]
    }
    if (asked.host !== undefined && asked.host !== localName) {
      return [...told, { kind: 'send', xml: withAttributes(xml, { cib_delegated_from: localName }), to: asked.host }]
    }
    return [...told, ...this.#serve(asked, asked.op, undefined, now)]
  }

  /** The document as far as a user may see it. */
  #shownTo(user: string | undefined): XmlElement | undefined {
    return user === undefined ? this.#cib : this.views.shown(this.#cib, user)
  }

  /**
   * Whether an operation is kept from a user whom ACLs limit, without a look at what it would change: those that are about
   * the daemons, and an upgrade, which goes on from here without the user's name.
   */
  #isKept(asked: CibMessage, op: CibOperation, now: Instant): boolean {
    if (!isRestricted(this.#cib, asked.user)) return false
    if (op === 'cib_upgrade') return this.#upgradeTrial(asked.user, now).rc === cibFaults.denied
    return operationTable[op].isPrivileged && !operationTable[op].modifies
  }

  #upgradeTrial(user: string | undefined, now: Instant): CibOutcome {
    return this.#perform({ op: 'cib_upgrade', options: 0, section: undefined, user }, now)
  }

  /** What cannot be understood in the permissions of a user, once for each state of the ACLs. */
  #faultsFor(user: string | undefined): readonly CibEffect[] {
    if (user === undefined || !isRestricted(this.#cib, user)) return []
    const configuration = child(this.#cib, 'configuration')
    const acls = configuration && child(configuration, 'acls')
    if (acls === undefined) return []
    if (this.#told?.of !== acls) this.#told = { of: acls, users: new Set() }
    if (this.#told.users.has(user)) return []
    if (this.#told.users.size < toldUsersMax) this.#told.users.add(user)
    return aclOf(this.#cib, user, this.#isInGroup).faults.map((fault) => warning(`ACLs of user ${user}: ${fault}`))
  }

  #message(from: string, isOwn: boolean, xml: XmlElement, now: Instant): readonly CibEffect[] {
    const read = readCibMessage(xml)
    if (read === undefined || !isCibOperation(read.op)) {
      return [warning(`message of ${from} with unknown operation ${read?.op ?? '(none)'} ignored`)]
    }
    // A change is noted as that of the node that sent it; syncs name no other.
    const message = { ...read, op: read.op, origin: from }
    const isRefusedUpgrade = message.op === 'cib_upgrade' && message.upgradeRc !== undefined
    if (message.isReplyTo !== undefined && message.op !== 'cib_replace' && !isRefusedUpgrade) {
      return this.#replied(from, message, message.op, xml)
    }
    if (message.isUpdate && message.op !== 'cib_replace') {
      return [warning(`${from} sends changes in a form older than Pacemaker 1.1.12; ignored`)]
    }
    if (message.host !== undefined && message.host !== this.#config.localName) return []
    if (message.op === 'cib_upgrade') return this.#upgrade(message, isOwn, now)
    if (!isChanging(message.op)) return this.#serve(message, message.op, from, now)
    const delegated =
      message.op === 'cib_replace' ? (message.isReplyTo ?? message.delegatedFrom) : message.delegatedFrom
    return this.#apply(message, message.op, delegated === this.#config.localName, now)
  }

  /** An operation that changes nothing; `peer` undefined for a local client. */
  #serve(asked: CibMessage, op: CibOperation, peer: string | undefined, now: Instant): readonly CibEffect[] {
    const answer = (rc: number, output?: XmlElement): readonly CibEffect[] =>
      peer === undefined ? this.#answer(asked, rc, output) : this.#answerPeer(asked, peer, rc, output)
    if (this.#isKept(asked, op, now)) return answer(cibFaults.denied)
    switch (op) {
      case 'cib_query': {
        const { rc, output } = this.#perform({ ...asked, op }, now)
        return answer(rc, output)
      }
      case 'cib_sync':
      case 'cib_sync_one':
        // Asked of everybody: the DC's copy is the one that counts.
        if (peer !== undefined && asked.host === undefined && !this.#isPrimary) return []
        // The copy's own arrival answers the client that asked: until then the nodes do not agree.
        return [this.#copy(asked, op === 'cib_sync' ? undefined : (peer ?? this.#config.localName), op, peer)]
      case 'cib_master':
        this.#isPrimary = peer === undefined
        return answer(0)
      case 'cib_slave':
      case 'cib_slave_all':
        this.#isPrimary = false
        return answer(0)
      case 'cib_ismaster':
        return answer(this.#isPrimary ? 0 : -1)
      case 'ping':
        if (peer === this.#config.localName) return []
        return this.#ping(asked, answer)
      default:
        return answer(0)
    }
  }

  /** A digest tells who knows the rest of a document what is hidden in it: users get that of what they see. */
  #ping(asked: CibMessage, answer: (rc: number, output?: XmlElement) => readonly CibEffect[]): readonly CibEffect[] {
    const shown = this.#shownTo(asked.user)
    if (shown === undefined) return answer(cibFaults.denied)
    const digest = shown === this.#cib ? this.digest() : cibDigest(shown)
    return answer(0, pingResponse(shown, digest, asked.pingId ?? '', featureSet))
  }

  #copy(
    asked: CibMessage | undefined,
    to: string | undefined,
    originalOp: string,
    peer: string | undefined,
  ): CibEffect {
    const isReplyTo = asked === undefined ? undefined : (peer ?? this.#config.localName)
    const copy = { cib: this.#cib, digest: this.digest(), featureSet, isReplyTo, originalOp }
    return { kind: 'send', xml: cibCopy(asked, copy), to }
  }

  #upgrade(message: CibMessage, isOwn: boolean, now: Instant): readonly CibEffect[] {
    const isLocal = message.delegatedFrom === this.#config.localName
    if (message.upgradeRc !== undefined) return isLocal ? this.#answer(message, message.upgradeRc, undefined) : []
    if (message.schemaMax !== undefined) return this.#apply(message, 'cib_upgrade', isLocal, now)
    if (!this.#isPrimary) return []
    const trial = this.#upgradeTrial(message.user, now)
    const schema = trial.rc === 0 ? attr(trial.cib, 'validate-with') : undefined
    const to = message.delegatedFrom ?? (isOwn ? this.#config.localName : undefined)
    if (schema !== undefined) {
      const xml = cibUpgrade(message, { schemaMax: schema }, this.#config.localName)
      return [{ kind: 'send', xml, to: undefined }]
    }
    const rc = trial.rc === 0 ? cibFaults.schemaUnchanged : trial.rc
    return [{ kind: 'send', xml: cibUpgrade(message, { rc }, this.#config.localName), to }]
  }

  #apply(message: CibMessage, op: ChangingOperation, answersClient: boolean, now: Instant): readonly CibEffect[] {
    const before = this.#cib
    // A copy of what this node has is on its disk already: nobody has to wait for that again.
    const isKnown = op === 'cib_replace' && message.digest !== undefined && message.digest === this.digest()
    const outcome =
      op === 'cib_delete_alt' ? refused(before, cibFaults.invalid) : this.#perform({ ...message, op }, now)
    const effects: CibEffect[] = []
    const isReplaced = outcome.rc === 0 && (op === 'cib_erase' || op === 'cib_replace')
    const isWritten = outcome.cib !== before && !isKnown && (outcome.isConfigChanged || isReplaced)
    if (outcome.cib !== before) {
      this.#cib = outcome.cib
      this.#digestDue = monoMs(now.monoMs + digestDelayMs)
      if (isWritten) effects.push({ kind: 'persist', cib: outcome.cib })
    }
    const isQuiet = (message.options & (callOptions.inhibitNotify | callOptions.dryRun)) !== 0
    if (outcome.diff !== undefined && !isQuiet) {
      const parts = isReplaced ? (op === 'cib_erase' ? 7 : replacedParts(before, outcome.cib)) : 0
      effects.push({
        kind: 'changed',
        input: message.data,
        change: {
          op,
          rc: outcome.rc,
          diff: outcome.diff,
          before,
          after: outcome.cib,
          isReplaced,
          replacedParts: parts,
        },
      })
    }
    if (!answersClient) return effects
    // The result of a sync goes to whoever asked for the sync.
    const asked = message.originalOp === undefined ? message : { ...message, op: message.originalOp }
    return [...effects, ...this.#answer(asked, outcome.rc, outcome.output, isWritten)]
  }

  #perform(
    asked: Pick<CibMessage, 'section' | 'options'> & Partial<CibMessage> & { readonly op: CibCall['op'] },
    now: Instant,
  ): CibOutcome {
    const call: CibCall = {
      op: asked.op,
      section: asked.section,
      options: asked.options,
      data: asked.data,
      digest: asked.digest,
      isSync: asked.isUpdate,
      schemaMax: asked.schemaMax,
      stamp: {
        lastWritten: this.#config.localTime(now.epochS),
        origin: asked.origin,
        client: asked.clientName,
        user: asked.user,
      },
    }
    return performCall(this.#cib, call, {
      isValid: this.#config.isValid,
      requester: { user: asked.user, isInGroup: this.#isInGroup },
    })
  }

  /** A peer's answer to a question of this node. */
  #replied(from: string, message: CibMessage, op: CibOperation, xml: XmlElement): readonly CibEffect[] {
    if (message.isReplyTo !== this.#config.localName) return []
    if (op === 'ping' && message.clientId === undefined) return this.#compare(from, message)
    if (op === 'cib_shutdown_req') return [{ kind: 'released' }]
    // Changes are answered from our own copy of them.
    if (operationTable[op].modifies || message.clientId === undefined || message.callId === undefined) return []
    return [{ ...reply(message, message.rc, message.data), xml }]
  }

  /**
   * Compares a node's digest with ours. Where they differ the newer document wins, and of two with the same version ours,
   * the DC's. (A C node that is the DC sends its copy in either case, which a node with a newer one refuses for ever.)
   */
  #compare(from: string, message: CibMessage): readonly CibEffect[] {
    const answer = message.data
    const { localName } = this.#config
    if (answer === undefined || !this.#isPrimary || from === localName) return []
    const isCurrent = attr(answer, 'cib_ping_id') === String(this.#pingId) && this.#pinged === this.#cib
    const theirs = attr(answer, 'digest')
    if (!isCurrent || theirs === this.digest()) return []
    const version = versionOf(this.#cib)
    const ours = `${versionText(version)}.${this.digest()}`
    const root = calldata(answer)
    const text = `Local CIB ${ours} differs from ${from}: ${root === undefined ? '' : `${versionText(versionOf(root))}.`}${theirs}`
    const told: CibEffect = { kind: 'log', level: 'notice', text }
    if (root === undefined || compareVersions(versionOf(root), version) <= 0) {
      return [told, this.#copy(undefined, from, 'ping', undefined)]
    }
    const options = callOptions.discardReply
    const request = cibCommand({ clientId: localName, callId: this.#pingId, op: 'cib_sync', host: from, options })
    return [told, { kind: 'send', xml: withAttributes(request, { cib_delegated_from: localName }), to: from }]
  }

  #answer(asked: CibMessage, rc: number, output: XmlElement | undefined, afterPersist = false): readonly CibEffect[] {
    if ((asked.options & callOptions.discardReply) !== 0) return []
    if (asked.clientId === undefined || asked.callId === undefined) return []
    return [{ ...reply(asked, rc, output), afterPersist }]
  }

  #answerPeer(asked: CibMessage, peer: string, rc: number, output: XmlElement | undefined): readonly CibEffect[] {
    if ((asked.options & callOptions.discardReply) !== 0) return []
    return [{ kind: 'send', xml: cibReply(asked, rc, output, peer), to: peer }]
  }
}

function reply(
  asked: Pick<CibMessage, 'op' | 'callId' | 'clientId' | 'options'>,
  rc: number,
  output: XmlElement | undefined,
): Extract<CibEffect, { kind: 'reply' }> {
  return {
    kind: 'reply',
    clientId: asked.clientId ?? '',
    callId: asked.callId ?? '',
    isSync: (asked.options & callOptions.syncCall) !== 0,
    rc,
    output,
    xml: cibReply(asked, rc, output),
    afterPersist: false,
  }
}

function isChanging(op: CibOperation): op is ChangingOperation {
  return operationTable[op].modifies
}

function refused(cib: XmlElement, rc: number): CibOutcome {
  return { rc, cib, output: undefined, diff: undefined, isConfigChanged: false }
}

function warning(text: string): CibEffect {
  return { kind: 'log', level: 'warning', text }
}
