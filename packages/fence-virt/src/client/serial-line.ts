import type { Duplex } from 'node:stream'
import { failed, ok, type Result } from '@quorate/base'
import { openSerialPort, SystemCallError } from '@quorate/qb/ffi'
import { parseSerialParameters } from '../agent-call.ts'

/** Opens the serial port through which the host listens (`fence_virt -D`); the failure is a line for the user. */
export async function openSerialLine(device: string, parameters: string): Promise<Result<Duplex, string>> {
  const settings = parseSerialParameters(parameters)
  if (!settings.ok) return failed(settings.error)
  try {
    return ok(await openSerialPort(device, settings.value))
  } catch (error) {
    if (error instanceof SystemCallError || (error instanceof Error && 'code' in error)) {
      return failed(`${device}: ${error.message}`)
    }
    throw error
  }
}
