import { encodeText } from '@quorate/base'
import { errnoText, SystemCallError, type UnixAddress, UnixSocket } from './ffi/index.ts'

/**
 * Tells the service manager that started this process how it is (sd_notify(3)): `READY=1`, `STATUS=text`,
 * `STOPPING=1`, `WATCHDOG=1`. Does nothing where `NOTIFY_SOCKET` names no socket.
 *
 * @returns undefined, or why it could not be told: a text for the log
 */
export function notifyService(
  state: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const name = environment['NOTIFY_SOCKET']
  if (name === undefined || name === '') return undefined
  const address: UnixAddress = name.startsWith('@')
    ? { kind: 'abstract-unpadded', name: name.slice(1) }
    : { kind: 'file', name }
  try {
    const socket = UnixSocket.sender(address)
    const count = socket.send(encodeText(state))
    socket.close()
    return count < 0 ? `NOTIFY_SOCKET ${name}: ${errnoText(-count)}` : undefined
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    return `NOTIFY_SOCKET ${name}: ${error.message}`
  }
}
