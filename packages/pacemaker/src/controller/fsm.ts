/** States of a controller (behaviour/pacemaker-daemons.md 2.3); the names are those of the field's logs. */
export type Phase =
  | 'S_STARTING'
  | 'S_PENDING'
  | 'S_ELECTION'
  | 'S_NOT_DC'
  | 'S_INTEGRATION'
  | 'S_FINALIZE_JOIN'
  | 'S_POLICY_ENGINE'
  | 'S_TRANSITION_ENGINE'
  | 'S_IDLE'
  | 'S_RELEASE_DC'
  | 'S_RECOVERY'
  | 'S_STOPPING'
  | 'S_TERMINATE'

/** What moves a controller from state to state. */
export type Input =
  | 'I_PENDING'
  | 'I_DC_TIMEOUT'
  | 'I_ELECTION'
  | 'I_ELECTION_DC'
  | 'I_RELEASE_DC'
  | 'I_RELEASE_SUCCESS'
  | 'I_NOT_DC'
  | 'I_JOIN_OFFER'
  | 'I_JOIN_REQUEST'
  | 'I_NODE_JOIN'
  | 'I_INTEGRATED'
  | 'I_JOIN_RESULT'
  | 'I_FINALIZED'
  | 'I_PE_CALC'
  | 'I_PE_SUCCESS'
  | 'I_TE_SUCCESS'
  | 'I_FAIL'
  | 'I_ERROR'
  | 'I_SHUTDOWN'
  | 'I_STOP'
  | 'I_TERMINATE'

/** What a state change entails; run in the order of the row. */
export type Action =
  | 'announce'
  | 'vote'
  | 'release'
  | 'take-over'
  | 'offer-all'
  | 'offer-one'
  | 'request-join'
  | 'filter-request'
  | 'finalize'
  | 'take-answer'
  | 'confirm-join'
  | 'halt'
  | 'final'
  | 'schedule'
  | 'run-graph'
  | 'request-shutdown'
  | 'exit'

/** One cell of the table. */
export type Row = { readonly to: Phase; readonly run: readonly Action[] }

const row = (to: Phase, ...run: readonly Action[]): Row => ({ to, run })
const stop = row('S_STOPPING', 'exit')
const fail = row('S_RECOVERY', 'release', 'exit')
const leading = {
  I_PENDING: row('S_PENDING', 'release', 'announce'),
  I_ELECTION: row('S_ELECTION', 'vote'),
  I_RELEASE_DC: row('S_RELEASE_DC', 'release'),
  I_NOT_DC: row('S_RECOVERY', 'release', 'exit'),
  I_ERROR: fail,
  I_STOP: row('S_STOPPING', 'release', 'exit'),
  I_TERMINATE: row('S_TERMINATE', 'exit'),
} as const
const ending = { I_ERROR: row('S_TERMINATE', 'exit'), I_TERMINATE: row('S_TERMINATE', 'exit') } as const

/** The whole machine. An input that a state does not list changes nothing. */
export const table = {
  S_STARTING: {
    I_PENDING: row('S_PENDING', 'announce'),
    I_SHUTDOWN: stop,
    I_FAIL: stop,
    I_ERROR: fail,
    I_STOP: stop,
    I_TERMINATE: row('S_TERMINATE', 'exit'),
  },
  S_PENDING: {
    I_PENDING: row('S_PENDING', 'announce'),
    I_DC_TIMEOUT: row('S_ELECTION', 'vote'),
    I_ELECTION: row('S_ELECTION', 'vote'),
    I_ELECTION_DC: row('S_INTEGRATION', 'take-over', 'offer-all'),
    I_NOT_DC: row('S_NOT_DC'),
    I_JOIN_OFFER: row('S_PENDING', 'request-join'),
    I_JOIN_RESULT: row('S_PENDING', 'take-answer'),
    I_SHUTDOWN: row('S_PENDING', 'request-shutdown'),
    I_FAIL: stop,
    I_ERROR: fail,
    I_STOP: stop,
    I_TERMINATE: row('S_TERMINATE', 'exit'),
  },
  S_ELECTION: {
    I_PENDING: row('S_PENDING', 'release', 'announce'),
    I_DC_TIMEOUT: row('S_ELECTION', 'vote'),
    I_ELECTION: row('S_ELECTION', 'vote'),
    I_ELECTION_DC: row('S_INTEGRATION', 'take-over', 'offer-all'),
    I_RELEASE_DC: row('S_RELEASE_DC', 'release'),
    I_NOT_DC: row('S_ELECTION', 'vote'),
    I_JOIN_OFFER: row('S_ELECTION', 'vote'),
    I_SHUTDOWN: row('S_ELECTION', 'request-shutdown', 'vote'),
    I_ERROR: fail,
    I_STOP: row('S_STOPPING', 'release', 'exit'),
    I_TERMINATE: row('S_TERMINATE', 'exit'),
  },
  S_NOT_DC: {
    I_PENDING: row('S_PENDING', 'announce'),
    I_DC_TIMEOUT: row('S_ELECTION', 'vote'),
    I_ELECTION: row('S_ELECTION', 'vote'),
    I_ELECTION_DC: row('S_INTEGRATION', 'vote'),
    I_JOIN_OFFER: row('S_PENDING', 'request-join'),
    I_JOIN_RESULT: row('S_PENDING', 'announce'),
    I_SHUTDOWN: row('S_NOT_DC', 'request-shutdown'),
    I_FAIL: fail,
    I_ERROR: fail,
    I_STOP: stop,
    I_TERMINATE: row('S_TERMINATE', 'exit'),
  },
  S_INTEGRATION: {
    ...leading,
    I_ELECTION_DC: row('S_INTEGRATION', 'take-over', 'offer-all'),
    I_JOIN_OFFER: row('S_INTEGRATION', 'request-join'),
    I_JOIN_REQUEST: row('S_INTEGRATION', 'filter-request'),
    I_NODE_JOIN: row('S_INTEGRATION', 'offer-one'),
    I_INTEGRATED: row('S_FINALIZE_JOIN', 'finalize'),
    I_JOIN_RESULT: row('S_INTEGRATION', 'take-answer', 'confirm-join'),
    I_FAIL: row('S_INTEGRATION', 'offer-all'),
    I_SHUTDOWN: row('S_INTEGRATION', 'request-shutdown'),
  },
  S_FINALIZE_JOIN: {
    ...leading,
    I_ELECTION_DC: row('S_INTEGRATION', 'take-over', 'offer-all'),
    I_JOIN_OFFER: row('S_FINALIZE_JOIN', 'request-join'),
    I_JOIN_REQUEST: row('S_INTEGRATION', 'offer-one'),
    I_NODE_JOIN: row('S_INTEGRATION', 'offer-one'),
    I_JOIN_RESULT: row('S_FINALIZE_JOIN', 'take-answer', 'confirm-join'),
    I_FINALIZED: row('S_POLICY_ENGINE', 'final', 'schedule'),
    I_FAIL: row('S_INTEGRATION', 'offer-all'),
    I_SHUTDOWN: row('S_FINALIZE_JOIN', 'request-shutdown'),
  },
  S_POLICY_ENGINE: {
    ...leading,
    I_ELECTION_DC: row('S_INTEGRATION', 'offer-all'),
    I_JOIN_OFFER: row('S_POLICY_ENGINE', 'request-join'),
    I_JOIN_REQUEST: row('S_INTEGRATION', 'offer-one'),
    I_NODE_JOIN: row('S_INTEGRATION', 'offer-one'),
    I_JOIN_RESULT: row('S_INTEGRATION', 'halt', 'offer-all'),
    I_PE_CALC: row('S_POLICY_ENGINE', 'schedule'),
    I_PE_SUCCESS: row('S_TRANSITION_ENGINE', 'run-graph'),
    I_FAIL: row('S_INTEGRATION', 'halt', 'offer-all'),
    I_SHUTDOWN: row('S_POLICY_ENGINE', 'request-shutdown'),
  },
  S_TRANSITION_ENGINE: {
    ...leading,
    I_ELECTION_DC: row('S_INTEGRATION', 'offer-all'),
    I_JOIN_OFFER: row('S_TRANSITION_ENGINE', 'request-join'),
    I_JOIN_REQUEST: row('S_INTEGRATION', 'offer-one'),
    I_NODE_JOIN: row('S_INTEGRATION', 'halt', 'offer-one'),
    I_JOIN_RESULT: row('S_INTEGRATION', 'halt', 'offer-all'),
    I_PE_CALC: row('S_POLICY_ENGINE', 'schedule'),
    I_TE_SUCCESS: row('S_IDLE'),
    I_FAIL: row('S_POLICY_ENGINE', 'halt', 'schedule'),
    I_SHUTDOWN: row('S_TRANSITION_ENGINE', 'request-shutdown'),
  },
  S_IDLE: {
    ...leading,
    I_ELECTION_DC: row('S_INTEGRATION', 'offer-all'),
    I_JOIN_OFFER: row('S_IDLE', 'request-join'),
    I_JOIN_REQUEST: row('S_INTEGRATION', 'offer-one'),
    I_NODE_JOIN: row('S_INTEGRATION', 'offer-one'),
    I_JOIN_RESULT: row('S_INTEGRATION', 'offer-all'),
    I_PE_CALC: row('S_POLICY_ENGINE', 'schedule'),
    I_FAIL: fail,
    I_SHUTDOWN: row('S_IDLE', 'request-shutdown'),
  },
  S_RELEASE_DC: {
    I_RELEASE_SUCCESS: row('S_PENDING', 'announce'),
    I_SHUTDOWN: row('S_RELEASE_DC', 'request-shutdown'),
    I_ERROR: fail,
    I_STOP: stop,
    I_TERMINATE: row('S_TERMINATE', 'exit'),
  },
  S_RECOVERY: ending,
  S_STOPPING: ending,
  S_TERMINATE: {},
} as const satisfies Record<Phase, Partial<Record<Input, Row>>>

/** What an input does in a state; undefined where it means nothing there. */
export function nextRow(phase: Phase, input: Input): Row | undefined {
  const cells: Partial<Record<Input, Row>> = table[phase]
  return cells[input]
}

/** States in which this node leads: a change of the CIB may need a new graph. */
export const leads: ReadonlySet<Phase> = new Set([
  'S_INTEGRATION',
  'S_FINALIZE_JOIN',
  'S_POLICY_ENGINE',
  'S_TRANSITION_ENGINE',
  'S_IDLE',
])

/** States in which this node's agents may be started (behaviour/pacemaker-daemons.md 3.1). */
export const mayAct: ReadonlySet<Phase> = new Set(['S_NOT_DC', 'S_POLICY_ENGINE', 'S_TRANSITION_ENGINE', 'S_IDLE'])
