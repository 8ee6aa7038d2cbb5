import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { durationMs } from './duration.ts'
import { type HaCf, parseHaCf } from './ha-cf.ts'
import {
  generationText,
  hostCacheText,
  readGeneration,
  readHostCache,
  uuidOctets,
  uuidOfName,
  uuidText,
} from './node-files.ts'

const enough = 'node a b\nbcast eth0\n'

function parsed(content: string): HaCf {
  const result = parseHaCf(content)
  if (!result.ok) throw new Error(result.error)
  return result.value
}

describe('times', () => {
  it.each([
    ['2', 2000],
    ['1.7', 1700],
    ['1700ms', 1700],
    ['500000us', 500],
    ['3s', 3000],
  ])('%s', (word, ms) => {
    expect(durationMs(word)).toBe(ms)
  })

  it.each(['', 'ms', '-1', '1h', '1 s', 'x', '99999999', '1e3'])('%j is none', (word) => {
    expect(durationMs(word)).toBeUndefined()
  })
})

describe('ha.cf', () => {
  it('has what holds without a line', () => {
    expect(parsed(enough)).toMatchObject({
      nodes: ['a', 'b'],
      links: [{ kind: 'bcast', device: 'eth0', port: 694 }],
      keepaliveMs: 1000,
      deadtimeMs: 30_000,
      warntimeMs: 15_000,
      initdeadMs: 60_000,
      autojoin: 'none',
      rexmitDelayMsMax: 250,
    })
  })

  it('takes the port of the udpport line before a link', () => {
    const { links } = parsed(
      'ucast eth0 10.0.0.1\nudpport 700\nucast eth1 10.0.0.2\nmcast eth0 239.0.0.1 695 1 0\nnode a',
    )
    expect(links).toEqual([
      { kind: 'ucast', device: 'eth0', address: '10.0.0.1', port: 694 },
      { kind: 'ucast', device: 'eth1', address: '10.0.0.2', port: 700 },
      { kind: 'mcast', device: 'eth0', group: '239.0.0.1', port: 695, ttl: 1, loop: false },
    ])
  })

  it('knows who may sign on, and which programs are kept running', () => {
    const conf = parsed(
      `${enough}apiauth cib uid=hacluster,root gid=haclient\nrespawn hacluster /usr/x -a\nfailfast root /y\nenv A=b\n`,
    )
    expect(conf.apiAuth.get('cib')).toEqual({ users: ['hacluster', 'root'], groups: ['haclient'] })
    expect(conf.apiAuth.get('ccm')).toEqual({ users: ['hacluster'], groups: ['haclient'] })
    expect(conf.children).toEqual([
      { user: 'hacluster', command: ['/usr/x', '-a'], isFailFast: false },
      { user: 'root', command: ['/y'], isFailFast: true },
    ])
    expect(conf.environment.get('A')).toBe('b')
  })

  it('tells clients directives as they are written', () => {
    const { parameters } = parsed(`keepalive 250ms # often\n${enough}`)
    expect(parameters.get('keepalive')).toBe('250ms')
    expect(parameters.get('cluster')).toBe('linux-ha')
    expect(parameters.has('node')).toBe(false)
  })

  it('says what has no effect', () => {
    expect(parsed(`${enough}auto_failback on\nuse_logd off\nrealtime off\n`).remarks).toEqual([
      'auto_failback has no effect',
    ])
    expect(parsed(`${enough}initdead 5\ndeadtime 3`).remarks).toEqual(['initdead (5000 ms) may be too short'])
  })

  it.each([
    ['bcast eth0\n', /node lines, or autojoin any, are missing/],
    ['node a\n', /a way of sending is missing/],
    [`${enough}serial /dev/ttyS0\n`, /^line 3: serial: serial links are not supported by this daemon$/],
    [`${enough}ping 10.0.0.1\n`, /^line 3: ping: ping nodes are not supported/],
    [`${enough}compression zlib\n`, /compressed messages are not supported/],
    [`${enough}watchdog /dev/watchdog\n`, /a watchdog device is not supported/],
    [`${enough}pacemaker respawn\n`, /^line 3: pacemaker: Pacemaker 1 under Heartbeat is not supported/],
    [`${enough}keepaliv 1\n`, /^line 3: keepaliv: there is no such directive$/],
    [`${enough}constructor 1\n`, /there is no such directive/],
    [`${enough}deadtime soon\n`, /^line 3: deadtime: a time is expected/],
    [`${enough}deadtime 1\nkeepalive 1\n`, /deadtime \(1000 ms\) is not longer than keepalive/],
    [`${enough}deadtime 9\ninitdead 3\n`, /initdead \(3000 ms\) is shorter than deadtime/],
    [`${enough}udpport 70000\n`, /a port of 1 to 65535 is expected/],
    [`${enough}ucast eth0 10.0.0.256\n`, /DEVICE IPV4-ADDRESS is expected/],
    [`${enough}mcast eth0 10.0.0.1 694 1 0\n`, /DEVICE GROUP PORT TTL LOOP is expected/],
    [`${enough}apiauth x\n`, /NAME uid=USERS gid=GROUPS is expected/],
    [`${enough}respawn root relative\n`, /'relative' is not an absolute path/],
    [`${enough}autojoin maybe\n`, /one of none, other, any is expected/],
  ])('%j is refused', (content, error) => {
    const result = parseHaCf(content)
    expect(result.ok ? 'taken' : result.error).toMatch(error)
  })

  it('of any words ends in a configuration or one error', () => {
    const words = fc.constantFrom(
      'node',
      'bcast',
      'mcast',
      'ucast',
      'eth0',
      '1',
      '2ms',
      'apiauth',
      'uid=x',
      '#',
      'respawn',
      '/x',
      'autojoin',
      'any',
      '__proto__',
    )
    fc.assert(
      fc.property(fc.array(fc.array(words, { maxLength: 6 }), { maxLength: 8 }), (lines) => {
        const result = parseHaCf(lines.map((line) => line.join(' ')).join('\n'))
        expect(result.ok || result.error.length > 0).toBe(true)
      }),
    )
  })
})

describe('files of a node', () => {
  it('hb_generation is 16 bytes of text', () => {
    expect(generationText(1_796_007_848)).toBe('     1796007848\n')
    expect(readGeneration('     1796007848\n')).toBe(1_796_007_848)
    for (const wrong of ['', 'x', '-1', '0', '99999999999']) expect(readGeneration(wrong)).toBeUndefined()
  })

  it('hostcache comes out as it went in, and odd lines are left out', () => {
    const host = { name: 'a', uuid: '0123456789abcdef', weight: 100, site: '' }
    expect(readHostCache(hostCacheText([host]))).toEqual([host])
    expect(readHostCache('x\n\na not-a-uuid 1\n')).toEqual([])
    expect(uuidOctets(uuidText('0123456789abcdef'))).toBe('0123456789abcdef')
    expect(uuidOfName('node1')).toBe('node1'.padEnd(16, '\0'))
  })
})
