import { invariant } from '@quorate/base'
import { linkSettings } from '../conf/knet-settings.ts'
import { Sealing } from '../knet/sealing.ts'
import { KnetTransport } from '../transport/knet.ts'
import { knetCipher } from '../transport/knet-cipher.ts'
import type { RingTransport, TransportHandlers } from '../transport/ring-transport.ts'
import { UdpTransport } from '../transport/udp.ts'
import type { Setup } from './setup.ts'

/** The transport that corosync.conf asks for. */
export function ringTransport(setup: Setup, handlers: TransportHandlers): RingTransport {
  const { configuration, totem, addresses, self, key } = setup
  const { knet, multicast, port, blockUnlistedIps } = configuration
  const common = { self: self.node, members: addresses, downcheckMs: totem.downcheckMs }
  if (knet === undefined) {
    // As with the real one: who is in the group is not a matter of addresses.
    const config = { ...common, port, multicast, blockUnlistedIps: blockUnlistedIps && multicast === undefined }
    return new UdpTransport(config, handlers)
  }
  const { mode, method, pmtudIntervalMs, fixedMtu } = knet
  const links = knet.links.map((link) => ({ ...linkSettings(link, totem.tokenLossMs), port: link.port }))
  invariant((method === undefined) === (key === undefined), 'a key with each method, and none without', { method })
  const sealing = method && key && new Sealing(method, knetCipher(method, key.bytes))
  return new KnetTransport({ ...common, links, mode, sealing, pmtudIntervalMs, fixedMtu }, handlers)
}
