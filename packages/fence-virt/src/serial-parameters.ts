import { failed, ok, type Result } from '@quorate/base'

/** Speed, bits, parity and stop bits of a serial line. */
export type SerialParameters = {
  readonly bitsPerSecond: number
  readonly dataBits: 5 | 6 | 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
}

const speeds: readonly number[] = [2400, 9600, 19_200, 38_400, 57_600, 115_200]

/** Reads "115200,8N1". */
export function parseSerialParameters(text: string): Result<SerialParameters, string> {
  const [, speed = '', bits = '8', letter = 'N', stop = '1'] =
    /^(\d{1,6})(?:,([5-8])([NEO])([12]))?$/i.exec(text.trim()) ?? []
  if (!speeds.includes(Number(speed))) {
    return failed(
      `expected serial parameters like 115200,8N1 (${speeds.join(', ')}; 5-8; N, E, O; 1, 2), got '${text}'`,
    )
  }
  const parities = { N: 'none', E: 'even', O: 'odd' } as const
  const parity = letter.toUpperCase()
  return ok({
    bitsPerSecond: Number(speed),
    dataBits: bits === '5' ? 5 : bits === '6' ? 6 : bits === '7' ? 7 : 8,
    parity: parity === 'E' ? parities.E : parity === 'O' ? parities.O : parities.N,
    stopBits: stop === '2' ? 2 : 1,
  })
}
