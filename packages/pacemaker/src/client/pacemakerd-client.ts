import { IpcError } from '@quorate/qb'
import { attr, type XmlElement } from '@quorate/xml'
import { crmPayload, crmRequest } from '../messages/crm-message.ts'
import { answerTimeoutMs, DaemonChannel } from './daemon-channel.ts'

/** What pacemakerd says of itself. */
export type PacemakerdStatus = {
  /** `running`, `starting_daemons`, `shutting_down` …; see `DaemonState`. */
  readonly state: string | undefined
  /** Time of its last look at itself, in seconds since 1970. */
  readonly lastUpdated: number
}

/** Asks the pacemakerd of this machine for its state. @throws IpcError `IPC_TIMEOUT` after `timeoutMs` */
export async function pingPacemakerd(name: string, timeoutMs = answerTimeoutMs): Promise<PacemakerdStatus> {
  const answer = await ask(name, 'ping', timeoutMs)
  const payload = crmPayload(answer)
  return {
    state: payload && attr(payload, 'pacemakerd_state'),
    lastUpdated: Number((payload && attr(payload, 'crm-timestamp')) ?? '0'),
  }
}

/** Asks the pacemakerd of this machine to stop. Resolves to the status of its answer: 0, or 4 when it refuses. */
export async function quitPacemakerd(name: string, timeoutMs = answerTimeoutMs): Promise<number> {
  const payload = crmPayload(await ask(name, 'quit', timeoutMs))
  return Number((payload && attr(payload, 'status')) ?? '0')
}

async function ask(name: string, task: string, timeoutMs: number): Promise<XmlElement> {
  let channel: DaemonChannel | undefined
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<XmlElement>((resolve, reject) => {
      timer = setTimeout(() => reject(new IpcError('IPC_TIMEOUT', 'no answer from pacemakerd')), timeoutMs)
      const reference = `${task}-${name}-${Math.floor(Date.now() / 1000)}-0`
      const from = `${process.pid}_${name}`
      DaemonChannel.open({ service: 'pacemakerd', onEvent: resolve, onClose: reject })
        .then((opened) => {
          channel = opened
          return opened.call(crmRequest({ task, to: 'pacemakerd', from, reference }), timeoutMs)
        })
        .catch(reject)
    })
  } finally {
    clearTimeout(timer)
    channel?.close()
  }
}
