/** The bytes of an address as a key of a map. */
export function sourceKey(address: Uint8Array): string {
  let key = ''
  for (const byte of address) key += String.fromCharCode(byte)
  return key
}

/** An address of 4 or 16 bytes as text. */
export function addressText(address: Uint8Array): string {
  if (address.byteLength === 4) return address.join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address[2 * i] ?? 0) * 256 + (address[2 * i + 1] ?? 0)).toString(16),
  )
  return groups.join(':')
}
