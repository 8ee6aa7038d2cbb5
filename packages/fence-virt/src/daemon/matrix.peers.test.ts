import { existsSync } from 'node:fs'
import {
  FenceLab,
  fenceLabLacks,
  LabChannel,
  type LabDaemon,
  labAddress,
  labGuests,
  type Maker,
  type Ran,
  until,
} from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const lacks = fenceLabLacks()
const combinations: readonly (readonly [Maker, Maker])[] = [
  ['real', 'real'],
  ['real', 'ours'],
  ['ours', 'real'],
  ['ours', 'ours'],
]
const strengths = ['none', 'sha1', 'sha256', 'sha512'] as const

/** With this one every client is a process of its own; elsewhere all of ours run in one. */
const byProcess: (typeof strengths)[number] = 'sha256'

/** Every operation, in an order that leaves the guests as they were. */
const operations: readonly (readonly string[])[] = [
  ['-o', 'list'],
  ['-o', 'list-status'],
  ['-o', 'monitor'],
  ['-o', 'status', '-H', 'vm-a'],
  ['-o', 'status', '-H', 'vm-off'],
  ['-o', 'status', '-H', 'nosuch'],
  ['-o', 'null', '-H', 'vm-a'],
  ['-o', 'on', '-H', 'vm-b'],
  ['-o', 'status', '-H', labGuests['vm-b'].uuid.toUpperCase()],
  ['-o', 'on', '-H', 'vm-b'],
  ['-o', 'reboot', '-H', 'vm-b'],
  ['-o', 'off', '-H', labGuests['vm-b'].uuid],
  ['-o', 'status', '-H', 'vm-b'],
  ['-o', 'off', '-H', 'vm-b'],
  ['-H', 'vm-off'],
  ['-o', 'status', '-H', 'vm-off'],
  ['-o', 'off', '-H', 'nosuch'],
  ['-o', 'on', '-H', 'nosuch'],
  ['-o', 'reboot', '-H', 'nosuch'],
]

/** What must be equal: what the user sees on standard output, and the exit code. */
function seen({ code, out }: Ran): string {
  return `${code}\n${out
    .replace(/(Error reading challenge response: ).*?(Invalid)/, '$1$2')
    .replace(/^([CHR] = ).*$/gm, '$1')}`
}

describe.skipIf(lacks !== undefined)(`real and own clients and daemons (${lacks ?? 'all there'})`, () => {
  /** Two, with guests and ports of their own, in which halves of a test run side by side: each half changes its guests. */
  let labs: readonly [FenceLab, FenceLab]
  /** The first of them, for what needs one only. */
  let lab: FenceLab
  let port = 2000

  beforeAll(async () => {
    labs = [await FenceLab.open('one'), await FenceLab.open('two')]
    lab = labs[0]
  })
  afterAll(async () => {
    for (const one of labs ?? []) await one.close()
  })

  const conf = (listener: string, body: string, rest = '', of = lab): string => `
fence_virtd { listener = "${listener}"; backend = "libvirt"; }
listeners { ${listener} { ${body} } }
backends { libvirt { uri = "${of.uri}"; } }
${rest}`

  async function everyOperation(run: (argv: readonly string[]) => Promise<Ran>): Promise<readonly string[]> {
    const all: string[] = []
    for (const argv of operations) all.push(`${argv.join(' ')}: ${seen(await run(argv))}`)
    return all
  }

  function asks(
    strength: (typeof strengths)[number],
    maker: Maker,
    name: 'fence_xvm' | 'fence_virt',
    argv: readonly string[],
    at: FenceLab,
  ): Promise<Ran> {
    return strength === byProcess ? at.client(maker, name, argv) : at.quickClient(maker, name, argv)
  }

  /** Runs one half with the real daemon in one lab, and one with ours in the other. */
  async function besides(half: (server: Maker, at: FenceLab) => Promise<void>): Promise<void> {
    await Promise.all([half('real', labs[0]), half('ours', labs[1])])
  }

  async function matrix(
    daemon: (maker: Maker, at: FenceLab) => Promise<LabDaemon>,
    run: (maker: Maker, argv: readonly string[], at: FenceLab) => Promise<Ran>,
  ): Promise<void> {
    const outcomes = new Map<string, readonly string[]>()
    await besides(async (maker, at) => {
      const running = await daemon(maker, at)
      for (const [client, server] of combinations) {
        if (server === maker) outcomes.set(`${client} ${server}`, await everyOperation((argv) => run(client, argv, at)))
      }
      await running.stop()
    })
    expect(outcomes.size).toBe(combinations.length)
    const expected = outcomes.get('real real') ?? []
    expect(expected.some((text) => text.includes('Status: ON'))).toBe(true)
    for (const [name, outcome] of outcomes) expect(outcome, name).toEqual(expected)
  }

  for (const strength of strengths) {
    it(`multicast with ${strength}`, async () => {
      port += 1
      const secrets = ['-C', strength, '-c', strength, '-p', `${port}`]
      await matrix(
        (maker, at) => {
          const body = `key_file = "${at.keyFile}"; interface = "v0"; port = "${port}"; hash = "${strength}"; auth = "${strength}";`
          return at.daemon(maker, conf('multicast', body, '', at), () => at.listens('udp', port))
        },
        (maker, argv, at) => asks(strength, maker, 'fence_xvm', ['-k', at.keyFile, ...secrets, ...argv], at),
      )
    })

    it(`tcp with ${strength}, the challenge as the real daemon has it (sha256)`, async () => {
      port += 1
      const secrets = ['-T', labAddress, '-C', 'sha256', '-c', strength, '-p', `${port}`]
      await matrix(
        (maker, at) => {
          const body = `key_file = "${at.keyFile}"; address = "${labAddress}"; port = "${port}"; auth = "${strength}"; strict_compat = "1";`
          return at.daemon(maker, conf('tcp', body, '', at), () => at.listens('tcp', port))
        },
        (maker, argv, at) => asks(strength, maker, 'fence_virt', ['-k', at.keyFile, ...secrets, ...argv], at),
      )
    })

    it(`tcp with ${strength}, auth meaning the challenge`, async () => {
      port += 1
      const asked = async (maker: Maker, at: FenceLab): Promise<readonly string[]> => {
        const body = `key_file = "${at.keyFile}"; address = "${labAddress}"; port = "${port}"; auth = "${strength}"; hash = "${strength}";`
        const daemon = await at.daemon('ours', conf('tcp', body, '', at), () => at.listens('tcp', port))
        const secrets = ['-T', labAddress, '-k', at.keyFile, '-C', strength, '-c', strength, '-p', `${port}`]
        const all = await everyOperation((argv) => at.quickClient(maker, 'fence_virt', [...secrets, ...argv]))
        await daemon.stop()
        return all
      }
      const [real, ours] = await Promise.all([asked('real', labs[0]), asked('ours', labs[1])])
      expect(ours).toEqual(real)
      expect(real.filter((text) => text.includes('Status: ON'))).toHaveLength(2)
    })
  }

  it('multicast over IPv6', async () => {
    port += 1
    await matrix(
      (maker, at) => {
        const body = `key_file = "${at.keyFile}"; family = "ipv6"; address = "ff05::3:1"; interface = "v0"; port = "${port}";`
        return at.daemon(maker, conf('multicast', body, '', at), () => at.listens('udp', port))
      },
      (maker, argv, at) =>
        at.quickClient(maker, 'fence_xvm', ['-i', 'ipv6', '-k', at.keyFile, '-p', `${port}`, ...argv]),
    )
  })

  it('multicast to a group of the link', async () => {
    port += 1
    await matrix(
      (maker, at) => {
        const body = `key_file = "${at.keyFile}"; family = "ipv6"; address = "ff02::3:1"; interface = "v0"; port = "${port}";`
        return at.daemon(maker, conf('multicast', body, '', at), () => at.listens('udp', port))
      },
      (maker, argv, at) =>
        at.quickClient(maker, 'fence_xvm', ['-a', 'ff02::3:1', '-k', at.keyFile, '-p', `${port}`, ...argv]),
    )
  })

  it('a tcp listener on all addresses of IPv6 serves IPv4, and knows who asks', async () => {
    port += 1
    const outcomes = new Map<string, readonly string[]>()
    await besides(async (server, at) => {
      const shown = (await at.run(['ip', '-6', '-o', 'addr', 'show', 'dev', 'v0', 'scope', 'link'])).out
      const [, linkLocal] = /inet6 ([^/]+)/.exec(shown) ?? []
      const groups = `groups { group { ip = "fd77::1"; ip = "::ffff:${labAddress}"; ip = "${linkLocal}%v0"; uuid = "vm-a"; } }`
      const body = `key_file = "${at.keyFile}"; family = "ipv6"; address = "::"; port = "${port}";`
      const daemon = await at.daemon(server, conf('tcp', body, groups, at), () => at.listens('tcp', port))
      const all: string[] = []
      for (const to of ['fd77::1', labAddress, `${linkLocal}%v0`, '127.0.0.1', '::1']) {
        // Ours, because the real client cannot be told the interface of a link-local address.
        const argv = ['-T', to, '-p', `${port}`, '-k', at.keyFile, '-o', 'status', '-n', 'vm-a']
        all.push(seen(await at.client('ours', 'fence_virt', argv)))
      }
      await daemon.stop()
      outcomes.set(server, all)
    })
    expect(outcomes.get('real')?.map((text) => text.split('\n')[0])).toEqual(['0', '0', '0', '3', '3'])
    expect(outcomes.get('ours')).toEqual(outcomes.get('real'))
  })

  const ttyOf = (at: FenceLab): string => `${at.directory}/tty`

  /** Starts what is at the other end of a guest's serial line. Answers what ends it. */
  async function serialLine(at: FenceLab): Promise<() => Promise<void>> {
    const socket = at.serialSocket('vm-a')
    const tty = ttyOf(at)
    const line = at.start(['socat', `UNIX-LISTEN:${socket},unlink-early`, `PTY,link=${tty},raw,echo=0`], 'socat.log')
    await until(() => existsSync(socket), 'the line listens')
    return async () => {
      line.kill()
      await until(() => !existsSync(tty), 'the line is gone')
    }
  }

  it('serial', async () => {
    await matrix(
      async (maker, at) => {
        const endLine = await serialLine(at)
        const body = `uri = "${at.uri}"; path = "${at.directory}/lines"; key_file = "${at.keyFile}";`
        const daemon = await at.daemon(maker, conf('serial', body, '', at), () => existsSync(ttyOf(at)))
        return {
          stop: async () => {
            const code = await daemon.stop()
            await endLine()
            return code
          },
        } as LabDaemon
      },
      (maker, argv, at) => at.quickClient(maker, 'fence_virt', ['-D', ttyOf(at), ...argv]),
    )
  })

  it('vmchannel', async () => {
    const channels = new Map<FenceLab, LabChannel>()
    await matrix(
      async (maker, at) => {
        const channel = await LabChannel.open(at.channelSocket('vm-a'))
        channels.set(at, channel)
        const body = `uri = "${at.uri}"; path = "${at.directory}/lines"; mode = "vmchannel"; key_file = "${at.keyFile}";`
        return at.daemon(maker, conf('serial', body, '', at), () => channel.isTaken)
      },
      (maker, argv, at) => {
        const door = ['-A', '127.0.0.1', '-p', `${channels.get(at)?.port}`]
        return at.quickClient(maker, 'fence_virt', [...door, ...argv], 'machine')
      },
    )
    for (const channel of channels.values()) channel.close()
  })

  it('wrong keys, weak and strong hashes', async () => {
    const status = ['-o', 'status', '-H', 'vm-a', '-r', '5']
    /** With the time in seconds that a client has by multicast, where it hears nothing when its packet is refused. */
    const tries: readonly (readonly [secrets: readonly string[], timeoutS: string])[] = [
      [['-k', lab.otherKeyFile], '1'],
      [['-k', lab.keyFile, '-c', 'sha1'], '1'],
      [['-k', lab.keyFile, '-c', 'none'], '1'],
      [['-k', lab.keyFile, '-c', 'sha512'], '45'],
      [['-k', lab.keyFile, '-C', 'sha1'], '45'],
    ]
    const outcomes = new Map<string, readonly string[]>()
    const asked = async (client: Maker, server: Maker, at: number): Promise<void> => {
      const body = `key_file = "${lab.keyFile}"; interface = "v0"; port = "${at}";`
      const daemon = await lab.daemon(server, conf('multicast', body), () => lab.listens('udp', at))
      const tcpBody = `key_file = "${lab.keyFile}"; address = "${labAddress}"; port = "${at + 1}";`
      const tcp = await lab.daemon(server, conf('tcp', tcpBody), () => lab.listens('tcp', at + 1))
      const all: string[] = []
      for (const [secrets, timeoutS] of tries) {
        all.push(seen(await lab.client(client, 'fence_xvm', [...secrets, ...status, '-t', timeoutS, '-p', `${at}`])))
      }
      for (const [secrets] of tries) {
        const to = ['-T', labAddress, '-p', `${at + 1}`, '-o', 'status', '-n', 'vm-a', '-t', '45']
        all.push(seen(await lab.client(client, 'fence_virt', [...secrets, ...to])))
      }
      outcomes.set(`${client} ${server}`, all)
      await daemon.stop()
      await tcp.stop()
    }
    // Most of it is waiting until a client gives up.
    await Promise.all(combinations.map(([client, server], index) => asked(client, server, port + 1 + 2 * index)))
    port += 2 * combinations.length
    for (const [name, outcome] of outcomes) expect(outcome, name).toEqual(outcomes.get('real real'))
    expect(outcomes.get('real real')?.[3]).toContain('Status: ON')
  })

  it('permissions', async () => {
    const uuid = labGuests['vm-a'].uuid
    const groups = `groups { group { ip = "${labAddress}"; uuid = "${uuid}"; uuid = "vm-a"; } }`
    const tries: readonly (readonly string[])[] = [
      ['-o', 'status', '-H', 'vm-a'],
      ['-o', 'status', '-H', uuid.toUpperCase()],
      ['-o', 'status', '-H', 'vm-b'],
      ['-o', 'off', '-H', 'vm-b'],
      ['-o', 'on', '-H', 'nosuch'],
      ['-H', 'vm-off'],
      ['-o', 'monitor'],
      ['-o', 'null', '-H', 'vm-b'],
      ['-o', 'list'],
    ]
    const outcomes = new Map<string, readonly string[]>()
    port += 1
    await besides(async (server, at) => {
      const body = `key_file = "${at.keyFile}"; address = "${labAddress}"; port = "${port}";`
      const daemon = await at.daemon(server, conf('tcp', body, groups, at), () => at.listens('tcp', port))
      for (const client of ['real', 'ours'] as const) {
        const all: string[] = []
        for (const argv of tries) {
          const to = ['-T', labAddress, '-p', `${port}`, '-k', at.keyFile]
          all.push(`${argv.join(' ')}: ${seen(await at.client(client, 'fence_virt', [...to, ...argv]))}`)
        }
        outcomes.set(`${client} ${server}`, all)
      }
      await daemon.stop()
    })
    for (const [name, outcome] of outcomes) expect(outcome, name).toEqual(outcomes.get('real real'))
    expect(outcomes.get('real real')?.[2]).toContain('Permission denied')
  })

  it('permissions of names, of guests by multicast, and of guests by their line', async () => {
    const { uuid } = labGuests['vm-a']
    const tries: readonly (readonly string[])[] = [
      ['-o', 'status', '-H', 'vm-a'],
      ['-o', 'status', '-H', 'VM-B'],
      ['-o', 'status', '-H', 'vm-b'],
      ['-o', 'status', '-H', uuid],
      ['-o', 'off', '-H', 'vm-off'],
      ['-o', 'list'],
    ]
    const outcomes = new Map<string, readonly string[]>()
    port += 1
    await besides(async (server, at) => {
      const endLine = await serialLine(at)
      const named = `groups { group { ip = "10.99.0.9"; uuid = "vm-off"; } group { name = "g"; ip = "${labAddress}"; ip = "127.0.0.1"; uuid = "vm-a"; uuid = "vm-b"; } }`
      const body = `key_file = "${at.keyFile}"; interface = "v0"; port = "${port}";`
      const multicast = await at.daemon(server, conf('multicast', body, named, at), () => at.listens('udp', port))
      const byLine = `groups { group { uuid = "vm-a"; uuid = "vm-b"; uuid = "${uuid}"; } }`
      const lines = `uri = "${at.uri}"; path = "${at.directory}/lines"; key_file = "${at.keyFile}";`
      const serial = await at.daemon(server, conf('serial', lines, byLine, at), () => existsSync(ttyOf(at)))
      for (const client of ['real', 'ours'] as const) {
        const all: string[] = []
        for (const argv of tries) {
          const to = ['-p', `${port}`, '-k', at.keyFile]
          const line = ['-D', ttyOf(at)]
          all.push(`multicast ${argv.join(' ')}: ${seen(await at.client(client, 'fence_xvm', [...to, ...argv]))}`)
          all.push(`line ${argv.join(' ')}: ${seen(await at.client(client, 'fence_virt', [...line, ...argv]))}`)
        }
        outcomes.set(`${client} ${server}`, all)
      }
      await multicast.stop()
      await serial.stop()
      await endLine()
    })
    for (const [name, outcome] of outcomes) expect(outcome, name).toEqual(outcomes.get('real real'))
    const text = outcomes.get('real real')?.join('') ?? ''
    expect([text.split('Status: ON').length, text.split('Permission denied').length]).toEqual([4, 4])
  })

  it('fence_xvm takes key=value lines on standard input', async () => {
    port += 1
    const body = `key_file = "${lab.keyFile}"; interface = "v0"; port = "${port}";`
    const daemon = await lab.daemon('ours', conf('multicast', body), () => lab.listens('udp', port))
    const inputs = [
      `action=status\nport=vm-a extra\nkey_file=${lab.keyFile}\nipport=${port}\n`,
      `# a comment\n\tOPTION=list\nkey_file=${lab.keyFile}\nipport=${port}\nagent=fence_xvm\nself=x`,
      `foo=bar\naction=off\nplug=nosuch\nkey_file=${lab.keyFile}\nipport=${port}`,
      'action=validate-all',
      'plug=a\nport=b\n',
      'plug=a\ntimeout=abc\naction=frob\n',
      'action=metadata',
      'frob',
      '',
    ]
    for (const input of inputs) {
      const real = await lab.client('real', 'fence_xvm', [], input)
      const ours = await lab.client('ours', 'fence_xvm', [], input)
      expect(ours, input).toEqual(real)
    }
    await daemon.stop()
  })

  it.each(['fence_xvm', 'fence_virt'] as const)('words and exit codes of mistakes of %s', async (name) => {
    const lines: readonly (readonly string[])[] = [
      ['-h'],
      ['-?'],
      ['-V'],
      ['-Z'],
      ['-o'],
      ['-o', 'frob', '-H', 'x'],
      ['-o', 'status'],
      ['-c', 'x', '-H', 'a'],
      ['-C', 'x', '-H', 'a'],
      ['-p', '0', '-H', 'a'],
      ['-p', '70000', '-H', 'a'],
      ['-t', '-3', '-H', 'a'],
      ['-w', 'x', '-H', 'a'],
      ['-H', 'a', '-H', 'b'],
      ['-H', 'a'.repeat(64)],
      ['-H', ''],
      ['-k', '/nonexistent', '-H', 'a'],
      ['-o', 'metadata'],
      ['-o', 'validate-all'],
      ['-o', 'validate-all', '-H', 'a'],
      ['-t', 'x', '-C', 'y', '-o', 'z'],
      ['-t', 'x', '-h'],
      ['--version'],
      ['-o', 'validate-all', '-k', '/nonexistent'],
      ['-o', 'frob', '-o', 'metadata'],
      ['-d', '-o', 'metadata'],
      ['-dd', '-o', 'bogus'],
      ['-d', '-h'],
      ['-d', '-o', 'validate-all', '-H', 'x', '-t', '0x10', '-p', '010', '-w', ' +5'],
      ['-d', '-o', 'validate-all', '-H', 'x', '-t', '86401', '-p', '01229'],
      ['-d', '-o', 'validate-all', '-k', '/nonexistent', '-H', 'x'],
      ['-dddd', '-t', 'x', '-k', '/nonexistent', '-H', 'x'],
      ['-V', '-h'],
      ['-V', '-t', 'x', '-k', '/nonexistent'],
    ]
    const inputs: readonly string[] = [
      '',
      '# a comment\n\n  action=metadata\n',
      'action=metadata # behind it\n',
      'action=\naction=metadata\n',
      'foo=bar\naction=validate-all\nport=x\n',
      'key_file=\naction=metadata\n',
      'plug=\nplug=x\naction=validate-all\n',
      'delay=\nplug=x\naction=validate-all\n',
      'timeout=\nplug=x\naction=validate-all\n',
      'vsock=\nplug=x\naction=validate-all\n',
      'multicast_address=x\nplug=x\naction=validate-all\n',
      'debug=1\nuse_uuid=1\nplug=x\naction=validate-all\n',
      'action=off\n',
      '  # no comment\nplug=x\naction=validate-all\n',
      'debug=1\nplug =vm\naction=validate-all\n',
      'debug\nuse_uuid\nvsock\nplug=x\naction=validate-all\n',
      'debug=2x\ndebug=-1\nuse_uuid=yes\nplug=x\naction=validate-all\n',
      'debug=3\nplug=a\0b\nplug\naction=validate-all\n',
    ]
    // None of them gets as far as a port that the other would need.
    const both = (run: (maker: Maker) => Promise<Ran>): Promise<[Ran, Ran]> => Promise.all([run('real'), run('ours')])
    // Where the C program keeps its arguments differs at every start, and so does the second reason that it gives.
    const told = ({ code, out, err }: Ran): Ran => ({
      code,
      out: out.replace(/@ 0x[0-9a-f]+/, '@ 0x0'),
      err: err.replace(/^open_port: .*$/m, 'open_port'),
    })
    for (const argv of [
      ...lines,
      ...(name === 'fence_xvm'
        ? [
            ['-i', 'ipv9', '-H', 'a'],
            ['-r', '0', '-H', 'a'],
            ['-a', 'nowhere', '-o', 'list'],
            ['-V', '-a', 'nowhere'],
            ['-d', '-a', '::1.2', '-o', 'validate-all', '-H', 'x'],
            ['-d', '-a', 'b:g', '-o', 'validate-all', '-H', 'x'],
          ]
        : [
            ['-S1', '-o', 'list'],
            ['-D', '/nonexistent', '-o', 'list'],
            ['-D', '/dev/null', '-o', 'list'],
          ]),
    ]) {
      const [real, ours] = await both((maker) => lab.client(maker, name, argv))
      expect(told(ours), argv.join(' ')).toEqual(told(real))
    }
    for (const input of inputs) {
      const [real, ours] = await both((maker) => lab.client(maker, name, [], input))
      expect(told(ours), input).toEqual(told(real))
    }
  })
})
