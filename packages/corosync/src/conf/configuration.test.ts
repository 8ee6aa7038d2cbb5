import { nodeId } from '@quorate/base'
import { totemConfig } from '@quorate/totem'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { configKeys } from './cmap-keys.ts'
import { ConfigError } from './config-error.ts'
import { parseConfigText } from './config-text.ts'
import { readConfiguration } from './configuration.ts'
import { linkSettings } from './knet-settings.ts'
import { localNode } from './local-node.ts'
import { options } from './options.ts'
import { checkTiming } from './timing-check.ts'

const nodelist = `nodelist {
  node {
    nodeid: 1
    name: n1
    ring0_addr: 127.0.0.1
  }
  node {
    nodeid: 2
    name: n2.example
    ring0_addr: 127.0.0.2
    quorum_votes: 3
  }
}
`
const good = `totem {
  version: 2
  transport: udpu
  token: 1000
}
${nodelist}quorum {
  provider: corosync_votequorum
}
`

function errorOf(text: string): string {
  try {
    const configuration = readConfiguration('c.conf', text)
    checkTiming(
      'c.conf',
      configuration.entries,
      totemConfig(nodeId(1), configuration.totem, configuration.nodes.length),
    )
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'no error'
}

const totem = (lines: string): string => `totem {\nversion: 2\ntransport: udpu\n${lines}\n}\n${nodelist}`
const knet = (lines: string): string => `totem {\nversion: 2\n${lines}\n}\n${nodelist}`

test.each([
  ['totem {\n version: 2\n', "c.conf:2: Missing closing brace of 'totem', opened in line 1"],
  ['totem {\n version: 2\n}\n}\n', 'c.conf:4: Unexpected closing brace'],
  ['totem\n{\n', 'c.conf:1: Line is not opening or closing section or key value'],
  ['totem { # x\n', "c.conf:1: Extra characters after opening bracket '{'"],
  ['totem {\n} # end\n', "c.conf:2: Extra characters before or after closing bracket '}'"],
  [`totem {\na: ${'x'.repeat(600)}\n}\n`, 'c.conf:2: Line too long'],
  [
    totem('token: abc'),
    'c.conf:4: Value of key "totem.token" is expected to be integer in range (0..4294967295), but "abc" was given',
  ],
  [
    totem('token: 4294967296'),
    'c.conf:4: Value of key "totem.token" is expected to be integer in range (0..4294967295), but "4294967296" was given',
  ],
  [
    totem('ip_version: x'),
    'c.conf:4: Value of key "totem.ip_version" is expected to be ipv4, ipv6, ipv4-6 or ipv6-4, but "x" was given',
  ],
  [totem('to ken: 1'), 'c.conf:4: Key "totem.to ken" is expected to be 3 to 255 of A-Z a-z 0-9 . _ - / :'],
  [totem('crypto_cipher: aes256'), 'c.conf:4: crypto_cipher & crypto_hash are only valid for the Knet transport.'],
  [totem('secauth: on'), 'c.conf:4: secauth: on is only valid for the Knet transport.'],
  [totem('token: 100'), 'c.conf:4: Not appropriate token or token_retransmits_before_loss_const value set'],
  [
    totem('token_warning: 101'),
    'c.conf:4: Value of key "totem.token_warning" is expected to be integer in range (0..100), but "101" was given',
  ],
  [totem('token: 10'), 'c.conf:4: The token timeout parameter (10 ms) may not be less than (30 ms).'],
  [
    totem('join: 5000'),
    'c.conf:4: The consensus timeout parameter (3600 ms) may not be less than join timeout (5000 ms).',
  ],
  ['totem {\nversion: 3\n}\n', 'c.conf:2: totem { version: 2 } is expected: this parser can only parse version 2'],
  [
    totem('transport: udp'),
    'c.conf:4: mcastaddr, broadcast: yes or cluster_name is expected: No multicast address specified for interface 0',
  ],
  [
    totem('transport: udp\ninterface {\nmcastaddr: 10.1.1.1\n}'),
    'c.conf:6: an IPv4 multicast address is expected, but 10.1.1.1 was given: mcastaddr is not a correct multicast address for interface 0',
  ],
  [
    totem('transport: udp\ninterface {\nttl: 256\n}'),
    'c.conf:6: Value of key "totem.interface.0.ttl" is expected to be integer in range (0..255), but "256" was given',
  ],
  [knet('crypto_cipher: aes256'), 'c.conf:3: crypto_cipher requires crypto_hash with value other than none'],
  [
    knet('crypto_cipher: 3des'),
    'c.conf:3: Value of key "totem.crypto_cipher" is expected to be none, aes256, aes192 or aes128, but "3des" was given',
  ],
  [
    knet('crypto_model: gcrypt'),
    'c.conf:3: Value of key "totem.crypto_model" is expected to be nss or openssl, but "gcrypt" was given',
  ],
  [
    knet('knet_compression_model: zlib'),
    'c.conf:3: knet_compression_model: zlib is not supported yet; none is expected',
  ],
  [knet('knet_mtu: 100'), 'c.conf:3: knet_mtu in range (576..65535) or 0 is expected, but 100 was given'],
  [
    knet('link_mode: all'),
    'c.conf:3: Value of key "totem.link_mode" is expected to be passive, active or rr, but "all" was given',
  ],
  [
    knet('interface {\nknet_transport: sctp\n}'),
    'c.conf:4: knet_transport: sctp is not supported yet; udp is expected',
  ],
  [
    knet('interface {\nlinknumber: 2\nmcastport: 5000\n}'),
    'c.conf:4: a ring2_addr of each node is expected where link 2 is configured',
  ],
  [knet('').replace('nodeid: 1\n', ''), 'c.conf:7: Knet requires an explicit nodeid for each node'],
  [
    knet('').replace('nodeid: 2', 'nodeid: 70000'),
    "c.conf:12: Knet requires nodeid to be less than 65536 for address '127.0.0.2'.",
  ],
  [
    knet('').replace('127.0.0.2', '127.0.0.2\nring1_addr: 127.0.1.2'),
    'c.conf:12: Not all nodes have the same number of links: the same ringX_addr are expected',
  ],
  [
    knet('').replace('127.0.0.2', '127.0.0.2\nring8_addr: 127.0.1.2'),
    'c.conf:15: interface ring number 8 is bigger than allowed maximum 7',
  ],
  [
    'totem {\nversion: 2\ntransport: udpu\n}\n',
    'c.conf: nodelist { node { ring0_addr: ADDRESS } } is expected: No interfaces defined',
  ],
  [good.replace('nodeid: 2', 'nodeid: 1'), 'c.conf:13: Nodeid 1 appears twice in corosync.conf'],
  [
    good.replace('ring0_addr: 127.0.0.2', 'ring0_addr: 127.0.0.2\n ring1_addr: 10.0.0.1'),
    'c.conf:16: one link is expected with transport udpu: only knet has more',
  ],
  [good.replace('provider', 'two_node: 1\nprovider'), 'c.conf:20: two_node is expected with 2 votes, but there are 4'],
  ['uidgid {\nuser: me\n}\n', 'c.conf:2: uidgid: Only uid and gid are allowed items, but "user" was given'],
  ['logging {\nlogger_subsys {\ndebug: on\n}\n}\n', 'c.conf:2: No subsys key in logger_subsys directive'],
])('%j is refused with its place and what was expected', (text, message) => {
  expect(errorOf(text)).toBe(message)
})

test('a good file gives typed settings, times as corosync resolves them, and the keys of cmap', () => {
  const configuration = readConfiguration('c.conf', good)
  expect(configuration.nodes.map((node) => [node.position, node.node, node.name, node.address, node.votes])).toEqual([
    [0, 1, 'n1', '127.0.0.1', 1],
    [1, 2, 'n2.example', '127.0.0.2', 3],
  ])
  expect(configuration.quorum).toMatchObject({ expectedVotes: 4, isTwoNode: false, waitForAll: false })
  const times = totemConfig(nodeId(2), { token: 1000 }, 3)
  expect([times.tokenLossMs, times.consensusMs, times.tokenRetransmitMs]).toEqual([1650, 1980, 392])
  const keys = new Map(configKeys(configuration, times))
  expect(keys.get('nodelist.local_node_pos')).toEqual({ type: 6, bytes: Uint8Array.of(1, 0, 0, 0) })
  expect(keys.get('nodelist.node.1.quorum_votes')?.type).toBe(6)
  expect(keys.get('totem.transport')).toEqual({ type: 11, bytes: new TextEncoder().encode('udpu\0') })
  expect(keys.get('runtime.config.totem.token')).toEqual({ type: 6, bytes: Uint8Array.of(0x72, 6, 0, 0) })
})

test('without a transport it is knet, with its own netmtu, ports and times', () => {
  const lines = 'interface {\nlinknumber: 1\nmcastport: 6000\nknet_pong_count: 5\nknet_link_priority: 9\n}\ntoken: 1000'
  const second = (text: string): string => text.replace(/ring0_addr: 127.0.0.(.)/g, '$&\nring1_addr: 127.0.1.$1')
  const configuration = readConfiguration('c.conf', second(knet(lines)))
  expect(configuration).toMatchObject({ transport: 'knet', totem: { netmtu: 65_536 } })
  const settings = configuration.knet
  expect(settings).toMatchObject({ mode: 'passive', method: undefined, pmtudIntervalMs: 30_000, fixedMtu: 0 })
  expect(settings?.key).toEqual({ from: 'file', path: '/etc/corosync/authkey', line: undefined })
  expect(settings?.links.map(({ link, port }) => [link, port])).toEqual([
    [0, 5405],
    [1, 6000],
  ])
  const shared = { pingPrecision: 2048 }
  expect(settings?.links.map((link) => linkSettings(link, 1000))).toEqual([
    { ...shared, link: 0, pingIntervalMs: 250, pingTimeoutMs: 500, pongCount: 2, priority: 1 },
    { ...shared, link: 1, pingIntervalMs: 100, pingTimeoutMs: 200, pongCount: 5, priority: 9 },
  ])
  const keys = new Map(configKeys(configuration, totemConfig(nodeId(1), { token: 1000 }, 2)))
  expect(keys.get('runtime.config.totem.interface.1.knet_ping_interval')?.bytes[0]).toBe(100)
  expect(keys.get('runtime.config.totem.interface.0.knet_ping_interval')?.bytes[0]).toBe(250)
})

/** What the real corosync makes of them, in cmap and in the sockets that it binds. */
test.each([
  ['cluster_name: udpm', '239.192.6.139', '239.192.6.139', 1],
  ['cluster_name: héß世', '239.192.17.175', '239.192.17.175', 1],
  ['cluster_name: c\ninterface {\nmcastaddr: 239.1.1.1\nttl: 0\n}', '239.1.1.1', '239.1.1.1', 0],
  ['interface {\nbroadcast: yes\n}', '255.255.255.255', '255.255.255.255', 1],
  ['interface {\nbroadcast: yes\nmcastaddr: 239.1.1.1\nttl: 5\n}', '255.255.255.255', '239.1.1.1', 5],
])('udp with %j sends to %s', (lines, group, shownGroup, hops) => {
  const configuration = readConfiguration('c.conf', totem(`transport: udp\n${lines}`))
  const isBroadcast = lines.includes('broadcast')
  expect(configuration.multicast).toEqual({ group: group.split('.').map(Number), shownGroup, isBroadcast, hops })
  const keys = new Map(configKeys(configuration, totemConfig(nodeId(1), { token: 1000 }, 2)))
  expect(keys.get('totem.interface.0.mcastaddr')?.bytes).toEqual(new TextEncoder().encode(`${shownGroup}\0`))
  expect(keys.get('totem.interface.0.mcastport')).toEqual({ type: 4, bytes: Uint8Array.of(0x1d, 0x15) })
})

test.each([
  ['', undefined],
  ['secauth: off', undefined],
  ['crypto_hash: md5', { cipher: undefined, hash: 'md5' }],
  ['crypto_cipher: aes128\ncrypto_hash: sha512', { cipher: 'aes128', hash: 'sha512' }],
  ['secauth: on', { cipher: 'aes256', hash: 'sha256' }],
  ['secauth: on\ncrypto_cipher: none', { cipher: undefined, hash: 'sha256' }],
  ['secauth: on\ncrypto_hash: sha1', { cipher: 'aes256', hash: 'sha1' }],
])('%j: packets are protected by %j', (lines, method) => {
  expect(readConfiguration('c.conf', knet(lines)).knet?.method).toEqual(method)
})

test('cmap has the port of a link, and neither its number nor the key', () => {
  const text = knet(`key: ${'x'.repeat(130)}\ninterface {\nlinknumber: 0\nmcastport: 6000\n}`)
  const keys = new Map(configKeys(readConfiguration('c.conf', text), totemConfig(nodeId(1), {}, 2)))
  expect(keys.get('totem.interface.0.mcastport')).toEqual({ type: 4, bytes: Uint8Array.of(0x70, 0x17) })
  expect([keys.has('totem.interface.0.linknumber'), keys.has('totem.key')]).toEqual([false, false])
})

test('a key in the file counts where no keyfile is named', () => {
  const keyOf = (lines: string) => readConfiguration('c.conf', knet(lines)).knet?.key
  expect(keyOf('key: secret')).toEqual({ from: 'setting', text: 'secret', line: 3 })
  expect(keyOf('key: secret\nkeyfile: /k')).toEqual({ from: 'file', path: '/k', line: 4 })
})

test('two_node implies wait_for_all, which may be switched off', () => {
  const two = good.replace('quorum_votes: 3', 'quorum_votes: 1').replace('provider', 'two_node: 1\nprovider')
  expect(readConfiguration('c.conf', two).quorum).toMatchObject({ isTwoNode: true, waitForAll: true })
  const off = two.replace('two_node: 1', 'two_node: 1\nwait_for_all: 0')
  expect(readConfiguration('c.conf', off).quorum).toMatchObject({ isTwoNode: true, waitForAll: false })
})

const quorum = (lines: string): string => knet('').concat(`quorum {\nprovider: corosync_votequorum\n${lines}\n}\n`)

/** What the real corosync expects with two nodes of one and three votes. */
test.each([
  [
    'device {\nmodel: net\nvotes: 1\nnet {\nhost: q\n}\n}',
    5,
    { votes: 1, timeoutMs: 10_000, syncTimeoutMs: 30_000 },
    4,
  ],
  ['device {\nmodel: net\ntimeout: 7\nsync_timeout: 9\n}', 7, { votes: 3, timeoutMs: 7, syncTimeoutMs: 9 }, 7],
  ['expected_votes: 9\ndevice {\nmodel: net\nvotes: 2\n}', 9, { votes: 2 }, 9],
  ['device {\nvotes: 1\n}', 4, undefined, 4],
])('with quorum { %j } %i votes are expected', (lines, expectedVotes, device, expectedVotesBarrier) => {
  const configuration = readConfiguration('c.conf', quorum(lines))
  expect(configuration.quorum).toMatchObject({ expectedVotes, expectedVotesBarrier })
  if (device === undefined) expect(configuration.quorum?.device).toBeUndefined()
  else expect(configuration.quorum?.device).toMatchObject(device)
  expect(configuration.unknown).toEqual([])
})

test.each(['two_node', 'auto_tie_breaker', 'last_man_standing'])(
  'a quorum device and %s exclude each other',
  (rival) => {
    const text = quorum(`${rival}: 1\ndevice {\nmodel: net\n}`)
    expect(errorOf(text)).toMatch(
      new RegExp(`^c.conf:\\d+: no ${rival} is expected: quorum.device is not compatible with ${rival}$`),
    )
  },
)

test('settings that no one knows are kept and named', () => {
  const { unknown, entries } = readConfiguration('c.conf', totem('tokn: 1'))
  expect(unknown.map((entry) => [entry.key, entry.line])).toEqual([['totem.tokn', 4]])
  expect(entries.some((entry) => entry.key === 'totem.tokn')).toBe(true)
})

test('this machine is found by its name, its short name, then by an address; else that is said', () => {
  const { nodes } = readConfiguration('c.conf', good)
  const of = (hostName: string, addresses: readonly string[] = []): number =>
    localNode('c.conf', nodes, { hostName, addresses }).node
  expect([of('n1'), of('n1.example'), of('n2'), of('other', ['127.0.0.2'])]).toEqual([1, 1, 2, 2])
  expect(() => of('other')).toThrow("a node named 'other' or with an address of this machine is expected")
})

test('no text makes the parser fail in another way than with a ConfigError', () => {
  const piece = fc.constantFrom(
    'totem {',
    'node {',
    '}',
    'a: b',
    'version: 2',
    '#',
    ':',
    '{',
    '\n',
    ' ',
    'nodelist {',
    'é',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((parts) => parts.join('\n')),
      ),
      (text) => {
        try {
          parseConfigText('f', text)
          readConfiguration('f', text)
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError)
        }
      },
    ),
  )
})

test('the table of options is sorted', () => {
  const names = options.map((option) => option.name)
  expect(names).toEqual(names.toSorted())
})
