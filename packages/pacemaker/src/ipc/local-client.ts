import { element, type XmlElement } from '@quorate/xml'

/** A local client of one of the servers. */
export type LocalClient = {
  /** Made up by the server; answers from other nodes find their way back by it. */
  readonly id: string
  readonly pid: number
  /** Name of the user that runs it. */
  readonly user: string
  /** Root, the cluster's own user, or the user that this daemon runs as. */
  readonly isPrivileged: boolean
  /** What it calls itself, or its process id until it has said. */
  readonly name: string
}

/** Acknowledgement of a request that has no answer of its own, or not yet. */
export function ack(by: string, status: number): XmlElement {
  return element('ack', { function: by, line: '1', status: String(status) })
}

/** Statuses of acknowledgements (protocols/pacemaker-ipc.md 2.4). */
export const ackStatus = { ok: 0, invalidParameter: 2, protocol: 76, accepted: 112 } as const
