import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { confDepthMax, describeFault, dumpConf, parseConf } from './conf-tree.ts'
import { readDaemonConf } from './daemon-conf.ts'

function read(source: string) {
  const tree = parseConf(source)
  return tree.ok ? readDaemonConf(tree.value) : tree
}

function fault(source: string): string {
  const outcome = read(source)
  return outcome.ok ? 'no fault' : describeFault('F', outcome.error)
}

const main = 'fence_virtd { listener = "multicast"; backend = "libvirt"; }\n'
const backends = 'backends { libvirt { uri = "qemu:///system"; } }\n'

describe('the grammar of fence_virt.conf', () => {
  it('reads sections, labels, values, comments and values over several lines', () => {
    const tree = parseConf('# c\na = "1" { b{}c="x\ny"; # d\n}\nk\t=\n"v";')
    expect(tree.ok && dumpConf(tree.value)).toBe('a = "1" {\n\tb {\n\t}\n\n\tc = "x\ny";\n}\n\nk = "v";\n')
  })

  it('tells line and key of what is wrong', () => {
    expect(fault('')).toBe('F:1: the file is empty')
    expect(fault('foo')).toBe("F:1: foo: expected '=' or '{', got the end of the file")
    expect(fault('a {\n b = 5;\n}')).toBe("F:2: a/b: expected a value in double quotes, got '5'")
    expect(fault('a {\n b = "";\n}')).toBe('F:2: a/b: the value is empty')
    expect(fault('a {\n\n b = "x"\n}')).toBe("F:4: a/b: expected ';' or '{' behind the value, got '}'")
    expect(fault('a {\n b {\n')).toBe('F:3: a/b: the section that begins at line 2 is not closed')
    expect(fault('a {\n}\n}')).toBe("F:3: a '}' that closes no section")
    expect(fault('a {\n b = "x')).toBe('F:2: a value begins here and its closing quote is missing')
    expect(fault('a {'.repeat(confDepthMax + 1))).toContain('nest at most 16 deep')
  })

  it('comes back from its own dump', () => {
    const text = fc.stringMatching(/^[a-z0-9 :/.]{1,12}$/)
    const name = fc.stringMatching(/^[a-z_]{1,8}$/)
    // Levels are counted out: a section that may hold two like itself has no bound on its size.
    const section = (inner: fc.Arbitrary<readonly string[]>) =>
      fc
        .tuple(name, fc.option(text, { nil: undefined }), fc.array(fc.tuple(name, text), { maxLength: 3 }), inner)
        .map(([n, label, values, nodes]) => {
          const head = label === undefined ? n : `${n} = "${label}"`
          return `${head} { ${nodes.join(' ')} ${values.map(([k, v]) => `${k} = "${v}";`).join(' ')} }`
        })
    const two = (inner: fc.Arbitrary<string>) => fc.array(inner, { maxLength: 2 })
    const node = section(two(section(two(section(fc.constant([]))))))
    fc.assert(
      fc.property(node, (source) => {
        const once = parseConf(source)
        fc.pre(once.ok)
        const twice = parseConf(once.ok ? dumpConf(once.value) : '')
        expect(twice.ok && once.ok && dumpConf(twice.value) === dumpConf(once.value)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('never throws, whatever it gets', () => {
    fc.assert(fc.property(fc.string(), (source) => void read(source)))
    const pieces = fc.constantFrom('fence_virtd', 'listener', '{', '}', '=', ';', '"tcp"', '"', '#', '\n', 'uri', '"1"')
    fc.assert(fc.property(fc.array(pieces), (parts) => void read(parts.join(' '))))
  })
})

describe('the configuration of the daemon', () => {
  it('fills in the defaults of the manual', () => {
    const outcome = read(main + backends)
    expect(outcome.ok && outcome.value).toMatchObject({
      listener: {
        kind: 'multicast',
        keyFile: '/etc/cluster/fence_xvm.key',
        hash: 'sha256',
        auth: 'sha256',
        family: 'ipv4',
        address: '225.0.0.12',
        port: 1229,
        interface: undefined,
      },
      backend: { kind: 'libvirt', uris: ['qemu:///system'] },
      groups: [],
      isForeground: false,
      waitsForInit: false,
      warnings: [],
    })
  })

  it('lets the last value win and ignores case of names', () => {
    const outcome = read(`FENCE_VIRTD { Listener = "tcp"; backend = "null"; listener = "serial"; }`)
    expect(outcome.ok && outcome.value.listener.kind).toBe('serial')
  })

  it('takes uri, uri1, uri2 up to the first that is missing', () => {
    const outcome = read(`${main}backends { libvirt { uri = "a"; uri1 = "b"; uri3 = "d"; } }`)
    expect(outcome.ok && outcome.value.backend).toEqual({ kind: 'libvirt', uris: ['a', 'b'] })
    const again = read(`${main}backends { libvirt { uri = "a"; uri1 = "b"; uri2 = "a"; uri3 = "c"; } }`)
    expect(again.ok && again.value.backend).toEqual({ kind: 'libvirt', uris: ['a', 'b', 'c'] })
    expect(fault(`${main}backends { libvirt { uri1 = "b"; } }`)).toContain('backends/libvirt/uri: required')
  })

  it('refuses values with line and key', () => {
    const tcp = 'fence_virtd { listener = "tcp"; backend = "null"; }\n'
    expect(fault('fence_virtd { backend = "null"; }')).toContain('fence_virtd/listener: required')
    expect(fault('fence_virtd { listener = "tcp";\n backend = "zz"; }')).toContain(
      'F:2: fence_virtd/backend: expected one of cpg',
    )
    expect(fault('fence_virtd { listener = "udp"; backend = "null"; }')).toContain(
      'fence_virtd/listener: expected one of',
    )
    expect(fault(`${tcp}listeners {\n tcp {\n  port = "0";\n } }`)).toBe(
      "F:4: listeners/tcp/port: expected a number in 1..65535, got '0'",
    )
    expect(fault(`${tcp}listeners { tcp { hash = "md5"; } }`)).toContain('listeners/tcp/hash: expected none, sha1')
    expect(fault(`${tcp}listeners { tcp { address = "1.2.3.400"; } }`)).toContain('listeners/tcp/address')
    expect(fault(`${tcp}listeners { tcp { address = "1.2.3"; } }`)).toContain('listeners/tcp/address')
    expect(fault(`${tcp}listeners { tcp { address = "a b"; } }`)).toContain('listeners/tcp/address')
    expect(fault('fence_virtd { listener = "tcp"; backend = "libvirt"; }')).toContain('backends/libvirt/uri: required')
  })

  it('refuses checkpoint and names cpg', () => {
    expect(fault('fence_virtd { listener = "tcp"; backend = "checkpoint"; }')).toContain("use 'cpg'")
  })

  it('reads auth of tcp as auth, or as the C daemon does with strict_compat', () => {
    const tcp = (more: string) => {
      const outcome = read(`fence_virtd { listener = "tcp"; backend = "null"; } listeners { tcp { ${more} } }`)
      return outcome.ok && outcome.value.listener
    }
    expect(tcp('auth = "none";')).toMatchObject({ hash: 'sha256', auth: 'none' })
    expect(tcp('auth = "none"; strict_compat = "1";')).toMatchObject({ hash: 'none', auth: 'sha256' })
  })

  it('warns of unknown keys with their lines', () => {
    const outcome = read(`${main}${backends}\nlisteners { multicast {\n keyfile = "x"; } }`)
    expect(outcome.ok && outcome.value.warnings).toEqual([
      { line: 5, key: 'listeners/multicast/keyfile', why: 'not a key of this section; ignored' },
    ])
  })

  it('reads groups with any number of members', () => {
    const outcome = read(`${main}${backends}groups { group { name = "n"; ip = "1"; uuid = "a"; ip = "2"; } group { } }`)
    expect(outcome.ok && outcome.value.groups).toEqual([
      { name: 'n', uuids: ['a'], ips: ['1', '2'] },
      { name: undefined, uuids: [], ips: [] },
    ])
  })
})
