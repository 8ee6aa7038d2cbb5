import { nodeId } from '@quorate/base'
import { expect, test } from 'vitest'
import { totemConfig } from './config.ts'

const self = nodeId(1)

test('the times of an empty totem section are those of corosync-cmapctl', () => {
  expect(totemConfig(self)).toEqual({
    self,
    tokenLossMs: 3000,
    tokenRetransmitMs: 714,
    holdMs: 561,
    joinMs: 50,
    consensusMs: 3600,
    mergeMs: 200,
    downcheckMs: 1000,
    failRecvConst: 2500,
    seqnoUnchangedConst: 30,
    missCountConst: 5,
    windowSize: 50,
    maxMessages: 17,
    netMtu: 1500,
    firstSeq: 0,
  })
})

test('a nodelist of three adds one coefficient', () => {
  expect(totemConfig(self, { token: 1000 }, 3)).toMatchObject({ tokenLossMs: 1650, consensusMs: 1980 })
  expect(totemConfig(self, { token: 1000, token_coefficient: 0 }, 9)).toMatchObject({ tokenLossMs: 1000 })
  expect(totemConfig(self, { token: 1000 }, 2)).toMatchObject({ tokenLossMs: 1000 })
})

test('what is set is taken as it is', () => {
  const config = totemConfig(self, { token_retransmit: 100, hold: 50, consensus: 9000, window_size: 10 })
  expect(config).toMatchObject({ tokenRetransmitMs: 100, holdMs: 50, consensusMs: 9000, windowSize: 10 })
})
