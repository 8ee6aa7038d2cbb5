import { spawnSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import { Prng } from '@quorate/base'
import { expect, it } from 'vitest'
import { defaultKeyFile } from '../daemon-conf.ts'
import { runAgent } from './agent.ts'

/**
 * Calls that nobody thought of, of the real clients and of ours: options in any order, with values that are odd or
 * wrong, unknown ones, and the same on standard input. All of them end with an action that asks no daemon.
 */

type Call = { readonly argv: readonly string[]; readonly input: string }
type Seen = { readonly code: number | null; readonly out: string; readonly err: string }

const seed = 20_261_129n
const calls = 150

/** Numbers that 32 bits hold: what the C programs make of others is refused by ours (docs/fence-virt.md). */
const numbers = ['0', '1', '5', '30', '-1', '-0', '+5', '007', '08', '0x10', '1e3', '10x', 'x', '', ' 7', '7 ', '65535']
const moreNumbers = ['65536', '70000', '2147483647', '1.5', '-5', '--5', '0x', '1,5']
const anyNumber = [...numbers, ...moreNumbers]
const domains = ['vm', 'VM', 'x y', '', 'a'.repeat(63), 'a'.repeat(64), 'ü', '-x', '--', '=', 'a=b', '#x', '/etc']
const hashes = ['none', 'sha1', 'sha256', 'sha512', 'SHA1', 'None', 'md5', '', 'sha', 'sha2561', ' sha1']
const families = ['ipv4', 'ipv6', 'auto', 'IPV4', '', '4', 'ipx', '-4']
const addresses = ['225.0.0.12', 'ff05::3:1', '', '::', 'localhost', 'x.y', '1.2.3', 'fe80::1%lo', '-a']
const keyFiles = ['/dev/null', '/nonexistent', '', '/tmp', 'relative', '-k']
const actions = ['validate-all', 'Validate-All', 'metadata', 'meta-data', '', 'o', 'help', 'off ']
const lines = ['115200,8N1', '9600,7E2', 'x', '', ',', '115200,8X1', '/dev/null']

const values: Readonly<Record<string, readonly string[] | undefined>> = {
  a: addresses,
  A: addresses,
  T: addresses,
  p: anyNumber,
  r: anyNumber,
  t: anyNumber,
  w: anyNumber,
  S: anyNumber,
  C: hashes,
  c: hashes,
  k: keyFiles,
  n: domains,
  H: domains,
  i: families,
  o: actions,
  D: lines,
  P: lines,
}
const keys: Readonly<Record<string, readonly string[]>> = {
  debug: [...anyNumber, '99999999999999999999', '4294967298'],
  use_uuid: [...anyNumber, '99999999999999999999'],
  ip_family: families,
  multicast_address: addresses,
  ipport: anyNumber,
  retrans: anyNumber,
  timeout: anyNumber,
  delay: anyNumber,
  vsock: anyNumber,
  auth: hashes,
  hash: hashes,
  key_file: keyFiles,
  plug: domains,
  port: domains,
  domain: domains,
  action: actions,
  option: actions,
  serial_device: lines,
  serial_params: lines,
  channel_address: addresses,
  ipaddr: addresses,
  agent: domains,
  self: domains,
  nodename: domains,
  bogus: domains,
  interface: domains,
  '-d': [''],
  '': domains,
}
const harmless = ['validate-all', 'validate-all', 'Validate-All', 'metadata']

function argumentsOf(prng: Prng): readonly string[] {
  const argv: string[] = prng.chance(3, 4) ? ['-d'] : []
  for (let left = prng.below(7); left > 0; left -= 1) {
    const letter = prng.chance(1, 10) ? prng.pick([...'hVzI?du']) : prng.pick(Object.keys(values))
    const value = prng.pick(values[letter] ?? [''])
    if (values[letter] === undefined) argv.push(`-${letter}`)
    else if (letter === 'S' || (value !== '' && prng.chance(1, 3))) argv.push(`-${letter}${value}`)
    else argv.push(prng.chance(1, 12) ? `-d${letter}` : `-${letter}`, value)
  }
  if (prng.chance(1, 12)) argv.push(prng.pick(['word', '--help', '-', '-dd', '--debug']))
  argv.push('-o', prng.pick(harmless))
  if (prng.chance(1, 15)) argv.push(prng.pick(['-o', '-k', '-t', '-S', '-', '--', '-dz']))
  return argv
}

function inputOf(prng: Prng): string {
  const rows: string[] = []
  for (let left = prng.below(8); left > 0; left -= 1) {
    const key = prng.pick(Object.keys(keys))
    const pair = `${key}=${prng.pick(keys[key] ?? [''])}`
    const forms = [pair, pair, pair, pair, `  ${pair}`, `\t${pair} behind`, `# ${pair}`, key, `${key} =x`, `${key}==x`]
    const row = prng.pick(forms)
    rows.push(prng.chance(1, 20) ? row.toUpperCase() : row)
  }
  if (prng.chance(1, 2)) rows.push('debug=1')
  if (prng.chance(1, 2)) rows.push('plug=vm')
  rows.push(`${prng.pick(['action', 'option'])}=${prng.pick(harmless)}`)
  return rows.join(prng.pick(['\n', '\n', '\n\n', '\r\n'])) + prng.pick(['\n', ''])
}

/** Where the C program keeps its arguments differs at every start. */
function told({ code, out, err }: Seen): Seen {
  return { code, out: out.replace(/@ 0x[0-9a-f]+/, '@ 0x0'), err }
}

function real(name: string, { argv, input }: Call): Seen {
  const { status, stdout, stderr } = spawnSync(name, argv, { input, encoding: 'utf8', timeout: 120_000 })
  return told({ code: status, out: stdout, err: stderr })
}

async function ours(name: 'fence_xvm' | 'fence_virt', { argv, input }: Call): Promise<Seen> {
  let out = ''
  let err = ''
  const code = await runAgent(name, argv, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    keyFile: defaultKeyFile,
    readStdin: async () => input,
  })
  return told({ code, out, err })
}

it.skipIf(spawnSync('fence_xvm', ['-V']).status !== 0).each(['fence_xvm', 'fence_virt'] as const)(
  'any call of %s gives the words and the exit code that the C client gives',
  async (name) => {
    const prng = new Prng(seed)
    const all = Array.from({ length: calls }, (): Call => {
      return prng.chance(3, 5) ? { argv: argumentsOf(prng), input: '' } : { argv: [], input: inputOf(prng) }
    })
    const different: unknown[] = []
    for (const call of all) {
      const [expected, got] = [real(name, call), await ours(name, call)]
      if (!isDeepStrictEqual(got, expected)) different.push({ call, expected, got })
    }
    expect(different).toEqual([])
  },
)
