import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { invariant, Prng } from '@quorate/base'
import {
  awaitingRequest,
  channelRequestLayout,
  type Digest,
  decodeChannelRequest,
  encodeChannelRequest,
  encodeFenceRequest,
  huntFrames,
  noFrames,
  openFenceRequest,
  operationOfCode,
  parseConf,
  readDaemonConf,
  stepServer,
} from '@quorate/fence-virt'

const usage = `Usage: node packages/testkit/dist/fuzz/fence.js [--inputs N] [--seed N]

Throws N inputs (default 1000000), mutated and random, a third each at the network request, the frames of serial lines
and the configuration of fence_virtd. Stops at the first that crashes, takes longer than a second, or has an operation
carried out that nobody with the key asked for.
`
const slowMs = 1_000
const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
const digest: Digest = (hash, prefix, data) => createHash(hash).update(prefix).update(data).digest()
const security = { key, hash: 'sha1', auth: 'sha256', digest } as const
const challenge = new Uint8Array(64).fill(3)
const signed = encodeFenceRequest(
  { operation: 'off', domain: 'vm-a', isUuid: false, sequence: 77, hash: 'sha256', callBack: undefined },
  { key, random: new Uint8Array(6).fill(9), digest },
)
const frame = encodeChannelRequest({ operation: 'off', domain: 'vm-a', isUuid: false, sequence: 77 })
const conf = `fence_virtd { listener = "tcp"; backend = "libvirt"; debug = "3"; }
listeners { tcp { key_file = "/k"; address = "127.0.0.1"; port = "1229"; hash = "sha256"; strict_compat = "1"; } }
backends { libvirt { uri = "qemu:///system"; uri1 = "x"; } } # a comment
groups { group = "g" { name = "n"; ip = "10.0.0.1"; uuid = "vm-a"; } }
`

/** Changes, drops, doubles or adds bytes of a sample; now and then bytes that nobody thought of. */
function mutated(prng: Prng, sample: Uint8Array): Uint8Array {
  if (prng.chance(1, 16)) return Uint8Array.from({ length: prng.below(300) }, () => prng.below(256))
  let bytes = new Uint8Array(sample)
  for (let change = prng.between(1, 4); change > 0; change -= 1) {
    const at = prng.below(Math.max(1, bytes.byteLength))
    const kind = prng.below(5)
    if (kind === 0) bytes = bytes.slice(0, at)
    else if (kind === 1) bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at >> 1)]).slice(0, 4096)
    else if (bytes.byteLength > 0) bytes[at] = kind === 2 ? (bytes[at] ?? 0) ^ (1 << prng.below(8)) : prng.below(256)
  }
  return bytes
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}

/** A request over a connection, cut in two, with noise behind it in place of a proof; and as an unsigned datagram. */
function network(prng: Prng): void {
  const bytes = mutated(prng, signed)
  const cut = prng.below(bytes.byteLength + 1)
  const first = stepServer(security, awaitingRequest, bytes.subarray(0, cut), challenge)
  const second = stepServer(security, first.session, bytes.subarray(cut), challenge)
  const noise = Uint8Array.from({ length: prng.below(200) }, () => prng.below(256))
  const third = stepServer(security, second.session, noise, challenge)
  const effects = [...first.effects, ...second.effects, ...third.effects]
  invariant(!effects.some((effect) => effect.do === 'execute'), 'nothing is carried out')
  const isAdmitted = third.session.phase === 'challenge' || third.session.phase === 'proof'
  const sent = Uint8Array.from([...bytes, ...noise]).subarray(0, signed.byteLength)
  invariant(!isAdmitted || isSame(sent, signed), 'only what was signed is admitted')
  const datagram = new Uint8Array(bytes)
  if (datagram.byteLength > 1) datagram[1] = 0
  openFenceRequest(datagram, { key, digest, weakest: 'none' }, 'callBack')
}

/** A line that brings mutated frames. What is taken for a request must be one to an independent eye. */
function line(prng: Prng): void {
  const bytes = Uint8Array.from([...mutated(prng, frame), ...mutated(prng, frame)])
  const cut = prng.below(bytes.byteLength + 1)
  const first = huntFrames(noFrames, bytes.subarray(0, cut), channelRequestLayout.size)
  const second = huntFrames(first.hunt, bytes.subarray(cut), channelRequestLayout.size)
  for (const found of [...first.frames, ...second.frames]) {
    const request = decodeChannelRequest(found)
    const isWhole =
      Buffer.from(found.subarray(0, 4)).toString('latin1') === 'abba' && found.byteLength === frame.byteLength
    invariant(isWhole, 'a frame begins with its magic')
    if (!request.ok) continue
    invariant(operationOfCode(found[4] ?? 255) === request.value.operation, 'the operation is the one of the wire')
    invariant(found.subarray(6, 70).includes(0) && !/\p{Cc}|\ufffd/u.test(request.value.domain), 'the domain is clean')
  }
}

const words = conf.match(/[a-z_0-9]+|"[^"]*"|[{}=;#\n]/g) ?? []

/** The file with bytes changed, or its words in another order. */
function configuration(prng: Prng): void {
  const source = prng.chance(1, 2)
    ? Buffer.from(mutated(prng, Buffer.from(conf))).toString('latin1')
    : Array.from({ length: prng.below(40) }, () => prng.pick(words)).join(' ')
  const tree = parseConf(source)
  if (!tree.ok) {
    invariant(tree.error.line >= 1 && tree.error.why !== '', 'a fault has its line and its reason')
    return
  }
  const read = readDaemonConf(tree.value)
  invariant(read.ok || (read.error.line >= 1 && read.error.key !== ''), 'a fault names line and key')
}

const targets = [network, line, configuration] as const

function main(argv: readonly string[]): number {
  const options = {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...argv], options })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const prng = new Prng(BigInt(values.seed))
  const total = Number(values.inputs)
  const began = performance.now()
  let slowest = 0
  for (let done = 0; done < total; done += 1) {
    const target = targets[done % targets.length]
    const start = performance.now()
    try {
      target?.(prng)
    } catch (error) {
      process.stderr.write(`fuzz: input ${done} of seed ${values.seed} (${target?.name}): ${error}\n`)
      return 1
    }
    slowest = Math.max(slowest, performance.now() - start)
    if (slowest > slowMs) {
      process.stderr.write(`fuzz: input ${done} of seed ${values.seed} (${target?.name}) took ${slowest} ms\n`)
      return 1
    }
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  process.stdout.write(
    `fuzz fence: ${total} inputs, seed ${values.seed}, ${seconds} s: no crash, slowest ${slowest.toFixed(1)} ms, nothing carried out\n`,
  )
  return 0
}

process.exitCode = main(process.argv.slice(2))
