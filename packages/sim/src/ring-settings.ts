import type { Prng } from '@quorate/base'
import type { TotemSettings } from '@quorate/totem'

/** The `totem {}` section of a seed. The token timeout is always drawn. */
export type DrawnSettings = TotemSettings & { readonly token: number }

const ethernetMtu = 1500
const jumboMtu = 9000

/** Draws the times and limits of a seed's ring. */
export function drawSettings(prng: Prng, seed: bigint): DrawnSettings {
  const token = prng.pick([100, 200, 400])
  const narrow = prng.chance(1, 4)
  return {
    token,
    join: prng.pick([5, 20, 50]),
    merge: prng.pick([20, 100, 200]),
    seqno_unchanged_const: prng.pick([3, 30]),
    miss_count_const: prng.pick([1, 5]),
    fail_recv_const: prng.pick([50, 2500]),
    window_size: narrow ? 10 : 50,
    max_messages: narrow ? 3 : 17,
    netmtu: seed % 4n === 0n ? jumboMtu : ethernetMtu,
  }
}
