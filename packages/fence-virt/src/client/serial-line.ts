import type { Duplex } from 'node:stream'
import { getSystemErrorName } from 'node:util'
import { failed, ok, type Result } from '@quorate/base'
import { openSerialPort, SystemCallError } from '@quorate/qb/ffi'
import { parseSerialParameters } from '../serial-parameters.ts'
import { errorText } from './error-text.ts'

/** Opens the serial port through which the host listens (`fence_virt -D`); the failure is lines for the user. */
export async function openSerialLine(device: string, parameters: string): Promise<Result<Duplex, string>> {
  const settings = parseSerialParameters(parameters)
  if (!settings.ok) return failed(`${settings.error}\nopen_port: ${errorText('EINVAL')}`)
  try {
    return ok(await openSerialPort(device, settings.value))
  } catch (error) {
    if (error instanceof SystemCallError) return unusable(error.call, getSystemErrorName(-error.errno))
    if (error instanceof Error && 'code' in error) return unusable('open', `${error.code}`)
    throw error
  }
}

function unusable(call: string, code: string): Result<never, string> {
  const why = errorText(code)
  return failed(`${call}: ${why}\nopen_port: ${why}`)
}
