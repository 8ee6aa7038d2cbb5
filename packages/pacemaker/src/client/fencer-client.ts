import { IpcError } from '@quorate/qb'
import { attr, child, childrenNamed, element, type XmlElement } from '@quorate/xml'
import { DaemonChannel } from './daemon-channel.ts'

/** One fencing operation of the past, as `<st_execute>` tells it. */
export type FencingRecord = { readonly xml: XmlElement }

/**
 * Fencing operations that this node's fencer remembers, oldest first.
 *
 * @param name that of the program
 * @throws IpcError
 */
export async function fencingHistory(name: string): Promise<readonly FencingRecord[]> {
  const channel = await DaemonChannel.open({ service: 'stonith-ng' })
  try {
    const registered = await channel.call(
      element('stonith_command', { t: 'stonith-ng', st_op: 'register', st_clientname: name }),
    )
    const clientId = attr(registered, 'st_clientid')
    if (clientId === undefined) throw new IpcError('IPC_PROTOCOL', 'registration with the fencer failed')
    const answer = await channel.call(
      element('stonith_command', {
        __name__: 'stonith_command',
        t: 'stonith-ng',
        st_async_id: clientId,
        st_op: 'st_fence_history',
        st_callid: '2',
        st_callopt: '4096',
        st_timeout: '120',
      }),
    )
    const calldata = child(answer, 'st_calldata')
    const history = calldata && child(calldata, 'st_history')
    return history === undefined ? [] : childrenNamed(history, 'st_execute').map((xml) => ({ xml }))
  } finally {
    channel.close()
  }
}
