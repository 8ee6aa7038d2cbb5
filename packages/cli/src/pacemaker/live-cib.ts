import { type CibCall, cibFaults } from '@quorate/cib'
import { CibClient } from '@quorate/pacemaker/client'
import { IpcError } from '@quorate/qb'
import type { CibAccess, CibAnswer, OpenedCib, CibClient as Who } from './cib-source.ts'

/** How long to wait for an answer unless told otherwise, in milliseconds. */
const answerTimeoutMs = 30_000
/** Legacy codes of what can happen to a connection. */
const timedOut = -62
const tooBig = -90

/** Opens the CIB of the cluster through the CIB manager of this machine, ours or a real one. */
export async function openLiveCib(who: Who): Promise<OpenedCib> {
  try {
    return {
      ok: true,
      cib: new LiveCib(await CibClient.connect({ name: who.name, access: who.isReadOnly === true ? 'ro' : 'rw' }), who),
    }
  } catch (fault) {
    if (fault instanceof IpcError) return { ok: false, rc: connectFault(fault) }
    throw fault
  }
}

function connectFault(fault: IpcError): number {
  return fault.code === 'IPC_REFUSED' && fault.errno === 13 ? cibFaults.denied : cibFaults.notConnected
}

class LiveCib implements CibAccess {
  readonly isFile = false
  readonly #client: CibClient
  readonly #who: Who

  constructor(client: CibClient, who: Who) {
    this.#client = client
    this.#who = who
  }

  async perform(call: CibCall): Promise<CibAnswer> {
    try {
      const answer = await this.#client.call({
        op: call.op,
        section: call.section,
        options: call.options,
        data: call.data,
        host: this.#who.node,
        user: this.#who.user,
        timeoutMs: this.#who.timeoutMs ?? answerTimeoutMs,
      })
      return { rc: answer.rc, output: answer.data }
    } catch (fault) {
      if (fault instanceof IpcError) return { rc: callFault(fault), output: undefined }
      throw fault
    }
  }

  async close(): Promise<number> {
    this.#client.close()
    return 0
  }
}

function callFault(fault: IpcError): number {
  switch (fault.code) {
    case 'IPC_TIMEOUT':
    case 'IPC_BUSY':
      return timedOut
    case 'IPC_TOO_BIG':
      return tooBig
    default:
      return cibFaults.notConnected
  }
}
