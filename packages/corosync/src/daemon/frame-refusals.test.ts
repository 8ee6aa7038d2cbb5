import { expect, test } from 'vitest'
import { FrameRefusals, sendersMax } from './frame-refusals.ts'

test('a sender of bad packets is named once a second, with how many there were', () => {
  const said: string[] = []
  const refusals = new FrameRefusals((text) => said.push(text))
  for (let ms = 0; ms < 2500; ms += 1) refusals.refused('10.0.0.7', 'no Totem magic', ms)
  expect(said).toEqual([
    'Packet of 10.0.0.7 dropped: no Totem magic',
    'Packet of 10.0.0.7 dropped: no Totem magic, and 999 more since',
    'Packet of 10.0.0.7 dropped: no Totem magic, and 999 more since',
  ])
  expect(refusals.count).toBe(2500)
})

test('made-up sources do not fill the log either', () => {
  const said: string[] = []
  const refusals = new FrameRefusals((text) => said.push(text))
  const packets = 10_000
  for (let packet = 0; packet < packets; packet += 1) {
    refusals.refused(`10.0.${packet >> 8}.${packet & 255}`, 'no Totem magic', (2000 * packet) / packets)
  }
  expect(said).toHaveLength(2 * sendersMax)
  expect(refusals.count).toBe(packets)
})
