import { expect, test } from 'vitest'
import { primitive } from '../web-tests/generated-cluster.ts'
import { parseFilter, passes } from './filter.ts'

const vip = primitive('VIP-1', 'node-01')
const web = primitive('web', undefined, { agent: 'ocf:heartbeat:apache', isManaged: false })

test.each([
  ['', true, true],
  ['vip', true, false],
  ['!vip', false, true],
  ['type:ipaddr2', true, false],
  ['type:!IPaddr2', false, true],
  ['!type:IPaddr2', false, true],
  ['type:', true, true],
  ['status:started', true, false],
  ['status:!started', false, true],
  ['node:NODE-01', true, false],
  ['kind:primitive vip', true, false],
  ['is:unmanaged', false, true],
  ['is:moved', true, false],
  ['is:unheard-of', false, false],
  ['ocf:heartbeat:apache', false, true],
  ['heartbeat', true, true],
  ['vip !', true, false],
])('%s', (text, isVip, isWeb) => {
  const terms = parseFilter(text)
  expect([passes(vip, terms, true), passes(web, terms, false)]).toEqual([isVip, isWeb])
})
