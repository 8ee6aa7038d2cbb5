/** A wrong line in the protocol, and which promise it breaks. */
export type Mutant = {
  /** What goes wrong. */
  readonly name: string
  /** Below packages/. */
  readonly file: string
  /** Text of the file, there exactly once, and what takes its place. */
  readonly was: string
  readonly is: string
  /** The world that finds it. */
  readonly world: 'ring' | 'services'
  /** How the violation begins that tells of it: rules are those of guides/reliability.md 2. */
  readonly rule: RegExp
}

const commit = 'totem/src/commit.ts'
const tokenVisit = 'totem/src/token-visit.ts'
const arrival = 'totem/src/message-arrival.ts'
const cpg = 'corosync/src/cpg/cpg-service.ts'
const votequorum = 'corosync/src/votequorum/votequorum-service.ts'

const ringMutants: readonly Omit<Mutant, 'world'>[] = [
  {
    name: 'a ring is installed one rotation early, while a member may lack a recovered message',
    file: tokenVisit,
    was: 'const completeVisitsToInstall = 2',
    is: 'const completeVisitsToInstall = 1',
    rule: /^7\.1: /,
  },
  {
    name: 'late messages of the old ring count after the commit entry told what this node holds',
    file: arrival,
    was: 'if (!sameRing(frame.ring, member.ring)) return',
    is: `if (member.forming !== undefined && sameRing(frame.ring, member.installed.id)) {
      member.installed.log.add(frame)
      return
    }
    if (!sameRing(frame.ring, member.ring)) return`,
    rule: /^4: /,
  },
  {
    name: 'every member says that it has received all of its old ring',
    file: commit,
    was: 'received: log.aru === log.high ? 1 : 0',
    is: 'received: 1',
    rule: /^(4|7\.1): /,
  },
  {
    name: 'a message is forgotten one rotation early, while a member may still ask for it',
    file: tokenVisit,
    was: 'log.release(seqMin(seqMin(token.aru, memory.lastAru), log.delivered))',
    is: 'log.release(seqMin(token.aru, log.delivered))',
    rule: /^(3|4|L): /,
  },
  {
    name: 'the window of a rotation is not kept',
    file: 'totem/src/flow-control.ts',
    was: 'config.windowSize - sentByAll)',
    is: 'config.windowSize)',
    rule: /^F: /,
  },
  {
    name: 'repeated messages do not count towards what a visit may send',
    file: tokenVisit,
    was: 'allowed -= repeated',
    is: '',
    rule: /^F: /,
  },
  {
    name: 'numbers are compared as if they never wrapped',
    file: 'totem/src/message-log.ts',
    was: 'if (seqBefore(this.high, message.seq)) this.high = message.seq',
    is: 'if (this.high < message.seq) this.high = message.seq',
    rule: /^(3|4|6\.2|L): /,
  },
  {
    name: 'nobody asks for the last of the messages that are missing',
    file: tokenVisit,
    was: 'seq !== token.seq && requests',
    is: 'seqAfter(seq) !== token.seq && seq !== token.seq && requests',
    rule: /^(3|L): /,
  },
  {
    name: 'who has something to say does not wake a token that rests',
    file: arrival,
    was: "member.disarm('hold')\n  repeatToken(member)",
    is: "member.disarm('hold')",
    rule: /^L: /,
  },
  {
    name: 'behind a hole, messages of nodes that are gone are delivered',
    file: 'totem/src/delivery.ts',
    was: 'held !== undefined && senders.includes(held.origin)',
    is: 'held !== undefined',
    rule: /^6\.3: /,
  },
  {
    name: 'a ring that its members have not all installed turns to strangers',
    file: 'totem/src/operational.ts',
    was: 'member.settled = false',
    is: 'member.settled = true',
    rule: /^L: /,
  },
  {
    name: 'what is said for the synchronisation is put together with ordinary messages',
    file: 'totem/src/assembly.ts',
    was: 'return chains[lane]',
    is: 'return chains.application',
    rule: /^(3|4|6\.3|7\.1|L): /,
  },
]

const serviceMutants: readonly Omit<Mutant, 'world'>[] = [
  {
    name: 'a majority passes a barrier of the sync engine for all',
    file: 'corosync/src/sync/sync-engine.ts',
    was: 'return this.#change.members.every((member) => heard.has(member))',
    is: 'return heard.size * 2 > this.#change.members.length',
    rule: /^(cpg|quorum|L): /,
  },
  {
    name: 'the end of a synchronisation counts for the ring that has replaced its own',
    file: 'totem/src/step.ts',
    was: 'if (!sameRing(event.ring, member.installed.id)) break',
    is: '',
    rule: /^(cpg|quorum|L): /,
  },
  {
    name: 'the lane of a frame is the one that is due before the step that delivers it',
    file: 'corosync/src/node/ring-node.ts',
    was: "const lane = this.#sync.isRunning ? 'sync' : 'application'",
    is: 'const lane = this.#ring.dueLane',
    rule: /^(cpg|quorum|L): /,
  },
  {
    name: 'half of the votes are enough',
    file: 'corosync/src/votequorum/tally.ts',
    was: 'Math.floor((tally.highestExpected + 2) / 2), Math.floor((tally.total + 2) / 2)',
    is: 'Math.floor((tally.highestExpected + 1) / 2), Math.floor((tally.total + 1) / 2)',
    rule: /^quorum: /,
  },
  {
    name: 'nodes that are gone keep their votes',
    file: votequorum,
    was: "if (!this.#members.includes(voter.node)) this.#put({ ...voter, state: 'dead' })",
    is: '',
    rule: /^quorum: /,
  },
  {
    name: 'a node that boots does not wait for all',
    file: votequorum,
    was: 'this.#isWaitingForAll = config.waitForAll',
    is: 'this.#isWaitingForAll = false',
    rule: /^quorum: /,
  },
  {
    name: 'a node that went and came back between two rings counts as one that stayed',
    file: 'corosync/src/survivors.ts',
    was: 'change.trans.filter((node) => this.#kept.has(node))',
    is: 'change.trans',
    rule: /^cpg: /,
  },
  {
    name: 'processes of a node that is gone are said to have died',
    file: cpg,
    was: 'withReason(changed, cpgReasons.nodedown)',
    is: 'withReason(changed, cpgReasons.procdown)',
    rule: /^cpg: /,
  },
  {
    name: 'a process hears its group before it has joined',
    file: cpg,
    was: "(client.state === 'joined' || client.state === 'leaving')",
    is: "client.state !== 'unjoined'",
    rule: /^cpg: /,
  },
]

/** Mutants that the simulated worlds must find. Each was once found by none, or stands for a fault that there was. */
export const mutants: readonly Mutant[] = [
  ...ringMutants.map((mutant) => ({ ...mutant, world: 'ring' as const })),
  ...serviceMutants.map((mutant) => ({ ...mutant, world: 'services' as const })),
]
