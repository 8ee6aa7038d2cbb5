const polynomial = 0x04c1_1db7

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24
  for (let bit = 0; bit < 8; bit += 1) value = (value << 1) ^ (value < 0 ? polynomial : 0)
  return value >>> 0
})

/** CRC-32 most significant bit first, start 0, inverted: Heartbeat's method `crc`, in hexadecimal digits without padding. */
export function crcHex(bytes: Uint8Array): string {
  let value = 0
  for (const byte of bytes) value = (value << 8) ^ (table[(value >>> 24) ^ byte] as number)
  return (~value >>> 0).toString(16)
}
