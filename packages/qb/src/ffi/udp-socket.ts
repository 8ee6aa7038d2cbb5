import { constants } from 'node:os'
import { encodeText, invariant } from '@quorate/base'
import { checked, lastErrno, native, SystemCallError } from './libc.ts'
import type { Transferred } from './unix-socket.ts'

const socket = native('socket', 'int', ['int', 'int', 'int'])
const bind = native('bind', 'int', ['int', 'void *', 'uint32_t'])
const getsockname = native('getsockname', 'int', ['int', 'void *', 'void *'])
const sendto = native('sendto', 'intptr_t', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32_t'])
const recvfrom = native('recvfrom', 'intptr_t', ['int', 'void *', 'size_t', 'int', 'void *', 'void *'])
const setsockopt = native('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t'])
const interfaceIndex = native('if_nametoindex', 'uint32_t', ['str'])
const closeFd = native('close', 'int', ['int'])

const familyIpv4 = 2
const familyIpv6 = 10
const typeDatagram = 2
const nonBlocking = 0o4000
const closeOnExec = 0o2000000
const dontWait = 0x40
const noSignal = 0x4000
const levelSocket = 1
const optionSendBuffer = 7
const optionReceiveBuffer = 8
const levelIpv6 = 41
const optionV6Only = 26
const optionV6MtuDiscover = 23
const levelIp = 0
const optionMtuDiscover = 10
/** Never take a datagram apart, and do not believe what the kernel knows of paths. */
const mtuDiscoverProbe = 3
const optionReuseAddress = 2
const optionBroadcast = 6
const optionReusePort = 15
const optionBindToDevice = 25
const optionMulticastInterface = 32
const optionMulticastHops = 33
const optionMulticastLoop = 34
const optionAddMembership = 35
/** Bytes of a struct ip_mreqn, and where the interface's address begins. */
const membershipBytes = 12
const membershipLocalAt = 4
const addressBytesIpv4 = 16
const addressBytesIpv6 = 28
/** Errors of earlier sends (ICMP unreachable) that one receive passes over. */
const passedOverMax = 64

/** An address and port, encoded once for many sends: a sockaddr_in or sockaddr_in6. */
export type UdpAddress = { readonly encoded: Uint8Array }

/**
 * Encodes an address for a {@link UdpSocket}.
 *
 * @param address its 4 (IPv4) or 16 (IPv6) bytes
 * @param port 0..65535
 */
export function udpAddress(address: Uint8Array, port: number): UdpAddress {
  const isV6 = address.byteLength === 16
  invariant(isV6 || address.byteLength === 4, 'an address has 4 or 16 bytes', { bytes: address.byteLength })
  invariant(Number.isInteger(port) && port >= 0 && port <= 65_535, 'a port is 0..65535', { port })
  const encoded = new Uint8Array(isV6 ? addressBytesIpv6 : addressBytesIpv4)
  const view = new DataView(encoded.buffer)
  view.setUint16(0, isV6 ? familyIpv6 : familyIpv4, true)
  view.setUint16(2, port, false)
  encoded.set(address, isV6 ? 8 : 4)
  return { encoded }
}

/** What a socket is to do beyond its address (IPv4). */
export type UdpOptions = {
  /** The interface that all goes by, in and out. */
  readonly device?: string
  /** Others may have the address too: each gets its own copy of what is sent to many. */
  readonly isShared?: boolean
  readonly broadcasts?: boolean
  /** A group to be in and to send to, by `device` or the interface that has the address `local`: 4 bytes each, hops of 0..255. */
  readonly multicast?: {
    readonly group: Uint8Array
    readonly local?: Uint8Array
    readonly hops: number
    readonly loops: boolean
  }
}

/**
 * A UDP socket on the system calls themselves, which never blocks: a datagram costs one call and no hop through
 * libuv's queues, which a token going round notices. A {@link DescriptorWatch} on `fd` tells when to receive.
 */
export class UdpSocket {
  readonly fd: number
  /** The port that is bound. */
  readonly port: number
  /** Address that the last received datagram came from: 4 or 16 bytes, which the next one overwrites. */
  readonly source: Uint8Array
  readonly #from = new Uint8Array(addressBytesIpv6)
  readonly #fromLength = new Uint8Array(4)
  #isOpen = true

  private constructor(fd: number, port: number, isV6: boolean) {
    this.fd = fd
    this.port = port
    this.source = isV6 ? this.#from.subarray(8, 24) : this.#from.subarray(4, 8)
  }

  /**
   * Binds an address; port 0 lets the kernel choose. Asks for buffers of `bufferBytes` both ways; the kernel gives what
   * its limits allow. `isWhole`: datagrams are not taken apart on the way; those longer than the interface takes do not
   * leave (EMSGSIZE).
   *
   * @throws SystemCallError such as EADDRNOTAVAIL, EADDRINUSE
   */
  static bind(own: UdpAddress, bufferBytes: number, isWhole = false, options: UdpOptions = {}): UdpSocket {
    const isV6 = own.encoded.byteLength === addressBytesIpv6
    const family = isV6 ? familyIpv6 : familyIpv4
    const fd = checked(socket(family, typeDatagram | nonBlocking | closeOnExec, 0), 'socket', '')
    try {
      if (isV6) setOption(fd, levelIpv6, optionV6Only, 1)
      if (isWhole && isV6) setOption(fd, levelIpv6, optionV6MtuDiscover, mtuDiscoverProbe)
      else if (isWhole) setOption(fd, levelIp, optionMtuDiscover, mtuDiscoverProbe)
      setOption(fd, levelSocket, optionSendBuffer, bufferBytes)
      setOption(fd, levelSocket, optionReceiveBuffer, bufferBytes)
      applyOptions(fd, options)
      checked(bind(fd, own.encoded, own.encoded.byteLength), 'bind', 'to an internet address')
      return new UdpSocket(fd, boundPort(fd), isV6)
    } catch (error) {
      closeFd(fd)
      throw error
    }
  }

  /** Sends a datagram, which has left when this returns. -EAGAIN: the buffer is full and the datagram is dropped. */
  send(bytes: Uint8Array, to: UdpAddress): Transferred {
    if (!this.#isOpen) return -constants.errno.EBADF
    const { encoded } = to
    const count = sendto(this.fd, bytes, bytes.byteLength, dontWait | noSignal, encoded, encoded.byteLength)
    return count < 0 ? -lastErrno() : count
  }

  /**
   * Receives a datagram into `into`, cut off at its end, and sets `source`. A datagram may have no bytes, so 0 is one.
   * What earlier sends brought back (nobody listens there) is passed over.
   */
  receive(into: Uint8Array): Transferred {
    if (!this.#isOpen) return -constants.errno.EBADF
    for (let attempt = 0; attempt < passedOverMax; attempt += 1) {
      this.#fromLength[0] = addressBytesIpv6
      const count = recvfrom(this.fd, into, into.byteLength, dontWait, this.#from, this.#fromLength)
      if (count >= 0) return count
      if (lastErrno() === constants.errno.EAGAIN) break
    }
    return -constants.errno.EAGAIN
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeFd(this.fd)
  }
}

function applyOptions(fd: number, { device, isShared = false, broadcasts = false, multicast }: UdpOptions): void {
  if (isShared) {
    setOption(fd, levelSocket, optionReuseAddress, 1)
    setOption(fd, levelSocket, optionReusePort, 1)
  }
  if (broadcasts) setOption(fd, levelSocket, optionBroadcast, 1)
  if (device !== undefined) setOptionBytes(fd, levelSocket, optionBindToDevice, encodeText(`${device}\0`))
  if (multicast === undefined) return
  const membership = new Uint8Array(membershipBytes)
  membership.set(multicast.group)
  if (multicast.local !== undefined) membership.set(multicast.local, membershipLocalAt)
  new DataView(membership.buffer).setUint32(8, device === undefined ? 0 : interfaceIndex(device), true)
  setOptionBytes(fd, levelIp, optionMulticastInterface, membership)
  setOptionBytes(fd, levelIp, optionAddMembership, membership)
  setOption(fd, levelIp, optionMulticastHops, multicast.hops)
  setOption(fd, levelIp, optionMulticastLoop, multicast.loops ? 1 : 0)
}

function boundPort(fd: number): number {
  const out = new Uint8Array(addressBytesIpv6)
  const length = Uint8Array.of(addressBytesIpv6, 0, 0, 0)
  checked(getsockname(fd, out, length), 'getsockname', '')
  return new DataView(out.buffer).getUint16(2, false)
}

function setOption(fd: number, level: number, option: number, value: number): void {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value, true)
  setOptionBytes(fd, level, option, bytes)
}

function setOptionBytes(fd: number, level: number, option: number, bytes: Uint8Array): void {
  if (setsockopt(fd, level, option, bytes, bytes.byteLength) < 0) {
    throw new SystemCallError('setsockopt', lastErrno(), String(option))
  }
}
