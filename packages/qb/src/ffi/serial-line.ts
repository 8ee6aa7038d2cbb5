import { closeSync, constants, openSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { DescriptorStream } from './descriptor-stream.ts'
import { checked, native } from './libc.ts'

const tcgetattr = native('tcgetattr', 'int', ['int', 'void *'])
const tcsetattr = native('tcsetattr', 'int', ['int', 'int', 'void *'])
const tcflush = native('tcflush', 'int', ['int', 'int'])
const cfmakeraw = native('cfmakeraw', 'void', ['void *'])
const cfsetspeed = native('cfsetspeed', 'int', ['void *', 'uint32_t'])
const ioctl = native('ioctl', 'int', ['int', 'unsigned long', 'void *'])
const fcntl = native('fcntl', 'int', ['int', 'int', 'void *'])

/** Size of a struct termios of glibc, with room to spare; its c_cflag and c_cc lie at these bytes. */
const termiosBytes = 64
const controlFlagsAt = 8
const controlCharactersAt = 17
const minimumIndex = 6
const timeIndex = 5
const speeds: Readonly<Record<number, number>> = {
  2400: 0o13,
  9600: 0o15,
  19200: 0o16,
  38400: 0o17,
  57600: 0o10001,
  115200: 0o10002,
}
const sizeMask = 0x30
const twoStopBits = 0x40
const receiver = 0x80
const parityOn = 0x100
const parityOdd = 0x200
const localLine = 0x800
const hardwareFlow = 0x8000_0000
const setLock = 6
const writeLock = 1
const flockBytes = 32
const modemClear = 0x5417
const modemSet = 0x5416
const dataTerminalReady = 2
const requestToSend = 4
/** How long the modem lines stay down, so that the other end notices. */
const modemPauseMs = 300

/** How a serial line is set. Speeds: 2400, 9600, 19200, 38400, 57600, 115200. */
export type SerialSettings = {
  readonly bitsPerSecond: number
  readonly dataBits: 5 | 6 | 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
}

/**
 * Opens a serial port for this process alone (lock on the file), raw, and drops and raises its modem lines.
 *
 * @throws SystemCallError or an error of node:fs that names what failed
 */
export async function openSerialPort(device: string, settings: SerialSettings): Promise<DescriptorStream> {
  const fd = openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_EXCL)
  try {
    const lock = new Uint8Array(flockBytes)
    lock[0] = writeLock
    checked(fcntl(fd, setLock, lock), 'fcntl', `lock of ${device}`)
    configure(fd, device, settings)
    await cycleModemLines(fd)
    return new DescriptorStream(fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function configure(fd: number, device: string, settings: SerialSettings): void {
  const termios = new Uint8Array(termiosBytes)
  // What is no terminal says so when it is set, below.
  tcgetattr(fd, termios)
  cfmakeraw(termios)
  checked(cfsetspeed(termios, speeds[settings.bitsPerSecond] ?? 0), 'cfsetspeed', `of ${device}`)
  const view = new DataView(termios.buffer)
  const kept = view.getUint32(controlFlagsAt, true) & ~(sizeMask | twoStopBits | parityOn | parityOdd)
  const size = (settings.dataBits - 5) << 4
  const stop = settings.stopBits === 2 ? twoStopBits : 0
  const parity = settings.parity === 'none' ? 0 : settings.parity === 'even' ? parityOn : parityOn | parityOdd
  view.setUint32(controlFlagsAt, (kept | size | stop | parity | receiver | localLine | hardwareFlow) >>> 0, true)
  termios[controlCharactersAt + minimumIndex] = 1
  termios[controlCharactersAt + timeIndex] = 0
  tcflush(fd, 2)
  checked(tcsetattr(fd, 0, termios), 'tcsetattr', `of ${device}`)
}

/** A pseudo terminal has no modem lines and refuses: that is as good. */
async function cycleModemLines(fd: number): Promise<void> {
  const lines = new Uint8Array(4)
  lines[0] = dataTerminalReady | requestToSend
  if (ioctl(fd, modemClear, lines) < 0) return
  await wait(modemPauseMs)
  ioctl(fd, modemSet, lines)
}
