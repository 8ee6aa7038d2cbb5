import { monoMs } from '@quorate/base'
import { describe, expect, it } from 'vitest'
import { isPermitted, visibleHosts } from './groups.ts'
import { RateLimiter, rateSourcesMax } from './rate-limit.ts'
import { RecentRequests, repeatWindowMs, requestKey } from './recent-requests.ts'

const uuid = '11111111-aaaa-4aaa-8aaa-000000000001'
const other = '11111111-aaaa-4aaa-8aaa-000000000002'
const groups = [{ name: undefined, uuids: [uuid, 'vm-a'], ips: ['10.0.0.1'] }]

describe('groups', () => {
  it('permit everything where there are none', () => {
    expect(isPermitted([], 'x', 'off', 'y')).toBe(true)
  })

  it('let members touch members, by the text that was configured', () => {
    expect(isPermitted(groups, '10.0.0.1', 'off', 'VM-A')).toBe(true)
    expect(isPermitted(groups, '10.0.0.1', 'off', uuid.toUpperCase())).toBe(true)
    expect(isPermitted(groups, '10.0.0.1', 'status', 'vm-b')).toBe(false)
    expect(isPermitted(groups, '10.0.0.2', 'off', 'vm-a')).toBe(false)
    expect(isPermitted(groups, uuid, 'off', 'vm-a')).toBe(true)
    expect(isPermitted(groups, other, 'off', 'vm-a')).toBe(false)
    expect(isPermitted(groups, 'vm-a', 'off', 'vm-a')).toBe(false)
  })

  it('know a requester by its address in any form', () => {
    const byLink = [{ name: undefined, uuids: ['vm-a'], ips: ['fe80::1%eth0', 'fe80::2', '::ffff:10.0.0.2'] }]
    const may = (source: string): boolean => isPermitted([...groups, ...byLink], source, 'off', 'vm-a')
    expect(['::ffff:10.0.0.1', '::ffff:10.0.0.2', 'fe80::1%eth0', 'fe80::2%eth1'].map(may)).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(['10.0.0.2', 'fe80::1%eth1', 'fe80::1', '::ffff:10.0.0.3'].map(may)).toEqual([false, false, false, false])
  })

  it('do not concern monitor and null, and filter lists', () => {
    expect(isPermitted(groups, '10.0.0.2', 'monitor', '')).toBe(true)
    const hosts = [
      { name: 'vm-a', uuid: 'x', state: 1 },
      { name: 'y', uuid, state: 1 },
      { name: 'vm-b', uuid: other, state: 1 },
    ]
    expect(visibleHosts(groups, '10.0.0.1', hosts).map(({ name }) => name)).toEqual(['vm-a', 'y'])
    expect(visibleHosts(groups, '10.0.0.9', hosts)).toEqual([])
  })
})

describe('repetitions', () => {
  const key = requestKey({ operation: 'off', domain: 'VM-A', sequence: 5 })

  it('are the same without regard to case', () => {
    expect(key).toBe(requestKey({ operation: 'off', domain: 'vm-a', sequence: 5 }))
    expect(key).not.toBe(requestKey({ operation: 'on', domain: 'vm-a', sequence: 5 }))
  })

  it('are dropped while the first is under way and for ten seconds behind it', () => {
    const recent = new RecentRequests()
    expect(recent.begin(key, monoMs(0))).toBe(true)
    expect(recent.begin(key, monoMs(60_000))).toBe(false)
    recent.finish(key, monoMs(60_000))
    expect(recent.begin(key, monoMs(60_000 + repeatWindowMs - 1))).toBe(false)
    expect(recent.begin(key, monoMs(60_000 + repeatWindowMs))).toBe(true)
  })

  it('may try again where nothing was carried out', () => {
    const recent = new RecentRequests()
    recent.begin(key, monoMs(0))
    recent.abandon(key)
    expect(recent.begin(key, monoMs(1))).toBe(true)
  })
})

describe('the rate limit', () => {
  it('gives a burst, then so many a second, for each source alone', () => {
    const limiter = new RateLimiter({ burst: 3, perSecond: 2 })
    const take = (at: number, source = 'a') => limiter.take(source, monoMs(at))
    expect([take(0), take(0), take(0), take(0)]).toEqual([true, true, true, false])
    expect(take(0, 'b')).toBe(true)
    expect(take(499)).toBe(false)
    expect(take(500)).toBe(true)
    expect(take(500)).toBe(false)
    expect([take(60_000), take(60_000), take(60_000), take(60_000)]).toEqual([true, true, true, false])
  })

  it('forgets the quietest source when there are too many', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1 })
    limiter.take('first', monoMs(0))
    limiter.take('second', monoMs(0))
    limiter.take('first', monoMs(0))
    for (let index = 0; index < rateSourcesMax - 1; index += 1) limiter.take(`s${index}`, monoMs(0))
    expect(limiter.take('first', monoMs(0))).toBe(false)
    expect(limiter.take('second', monoMs(0))).toBe(true)
  })
})
