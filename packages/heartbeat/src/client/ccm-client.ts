import net from 'node:net'
import { DecodeError } from '@quorate/base'
import { hostPath } from '@quorate/qb'
import { type CcmMembership, readCcmEvent } from '../api/ccm-event.ts'
import { ClientFrameReader } from '../api/client-frame.ts'
import { HeartbeatError } from './heartbeat-client.ts'

/** Where ccm tells of the membership. */
export const ccmSocket = '/run/heartbeat/ccm/ccm'
/** How long ccm may take to tell, ms. */
const membershipMs = 5000

/**
 * The membership that the node's ccm has now; undefined where no ccm runs.
 *
 * @throws HeartbeatError where it runs and tells none
 */
export function askMembership(file = hostPath(ccmSocket)): Promise<CcmMembership | undefined> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(file)
    const reader = new ClientFrameReader()
    const late = setTimeout(() => end(new HeartbeatError('silent', 'ccm tells of no membership')), membershipMs)
    let names: ReadonlyMap<number, string> = new Map()
    const end = (outcome: CcmMembership | HeartbeatError | undefined): void => {
      clearTimeout(late)
      socket.destroy()
      if (outcome instanceof HeartbeatError) reject(outcome)
      else resolve(outcome)
    }
    socket.on('error', () => end(undefined))
    socket.on('close', () => end(new HeartbeatError('absent', 'ccm has closed the connection')))
    socket.on('data', (bytes) => {
      try {
        for (const body of reader.take(bytes)) {
          const event = readCcmEvent(body)
          if (event.kind === 'nodes') names = event.names
          if (event.kind !== 'membership') continue
          const members = event.members.map(({ index, born }) => ({ index, born, name: names.get(index) ?? '' }))
          return end({ ...event, members: members.sort((one, other) => one.born - other.born) })
        }
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        end(new HeartbeatError('garbled', error.message))
      }
    })
  })
}
