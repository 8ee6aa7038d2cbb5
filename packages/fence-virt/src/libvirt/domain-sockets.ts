import { attr, child, childrenNamed, parseXml } from '@quorate/xml'

/** Most sockets of one domain that are served. */
export const domainSocketsMax = 16

/**
 * Paths of the unix sockets on which a domain's serial ports or channels listen (`<source mode='bind' path=...>`).
 *
 * @param directory only sockets that lie in exactly this directory; all where undefined
 */
export function domainSockets(
  domainXml: string,
  mode: 'serial' | 'vmchannel',
  directory: string | undefined,
): readonly string[] {
  const parsed = parseXml(domainXml)
  const devices = parsed.ok ? child(parsed.value, 'devices') : undefined
  if (devices === undefined) return []
  const wanted = directory?.replace(/(?<=.)\/+$/, '')
  return childrenNamed(devices, mode === 'serial' ? 'serial' : 'channel')
    .filter((device) => attr(device, 'type') === 'unix')
    .flatMap((device) => childrenNamed(device, 'source'))
    .filter((source) => attr(source, 'mode') === 'bind')
    .map((source) => attr(source, 'path') ?? '')
    .filter((path) => path.startsWith('/'))
    .filter((path) => wanted === undefined || (path.slice(0, path.lastIndexOf('/')) || '/') === wanted)
    .slice(0, domainSocketsMax)
}
