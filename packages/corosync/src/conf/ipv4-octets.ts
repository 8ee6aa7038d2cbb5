/** The four bytes of an IPv4 address in dotted decimals; undefined where it is none. */
export function ipv4Octets(address: string): readonly number[] | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number)
  return octets?.every((octet) => octet <= 255) ? octets : undefined
}
