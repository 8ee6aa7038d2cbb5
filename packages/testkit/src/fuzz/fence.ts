import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { DecodeError, invariant, Prng } from '@quorate/base'
import {
  awaitingRequest,
  channelRequestLayout,
  type Digest,
  decodeChannelRequest,
  decodeCpgMessage,
  domainListMax,
  domainSockets,
  encodeChannelRequest,
  encodeCpgMessage,
  encodeFenceRequest,
  encodeRpc,
  huntFrames,
  newDirectory,
  noFrames,
  openFenceRequest,
  operationOfCode,
  parseConf,
  procedures,
  type RpcMessage,
  readDaemonConf,
  readDomain,
  readRpcError,
  rpcPrograms,
  rpcTypes,
  stepDirectory,
  stepServer,
  takeRpc,
  writeDomain,
  XdrReader,
  XdrWriter,
} from '@quorate/fence-virt'

const usage = `Usage: node packages/testkit/dist/fuzz/fence.js [--inputs N] [--seed N] [--targets NAME,NAME...]

Throws N inputs (default 1000000), mutated and random, by turns at the network request, the frames of serial lines, the
configuration of fence_virtd, the messages of the cpg group and the replies of libvirt (network, line, configuration,
cpg, libvirt), or at those that are named. Stops at the first that crashes, takes longer than a second, or has an
operation carried out that nobody with the key asked for.
`
const slowMs = 1_000
const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
const digest: Digest = (hash, prefix, data, rest = new Uint8Array(0)) =>
  createHash(hash).update(prefix).update(data).update(rest).digest()
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
    const operation = operationOfCode(found[4] ?? 255) ?? 'null'
    invariant(operation === request.value.operation, 'the operation is the one of the wire')
    const { domain } = request.value
    const isClean = !domain.includes('\0') && !domain.includes('\ufffd')
    invariant(found.subarray(6, 70).includes(0) && isClean, 'the domain is clean')
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

const group = newDirectory(1, 'name', 1)
const together = stepDirectory(group, { kind: 'members', members: [1, 2], leftBehind: [] }).directory
const waiting = stepDirectory(together, { kind: 'ask', id: 7, operation: 'off', target: 'vm-a' }).directory
const guest = { name: 'vm-b', uuid: '11111111-aaaa-4aaa-8aaa-000000000002', owner: 2, state: 1 } as const
const groupMessages = [
  encodeCpgMessage({ kind: 'request', sequence: 1, operation: 'off', target: 'vm-a' }),
  encodeCpgMessage({ kind: 'reply', sequence: 1, operation: 'off', target: 'vm-a', to: 1, response: 0 }),
  encodeCpgMessage({ kind: 'guest', guest }),
]

/** A message of the cpg group. Whatever it is, it only has this node look, or answers what was asked. */
function cpg(prng: Prng): void {
  const message = decodeCpgMessage(mutated(prng, prng.pick(groupMessages)))
  if (!message.ok) return invariant(message.error !== '', 'a fault has its reason')
  const { directory, effects } = stepDirectory(waiting, { kind: 'message', from: 2, pid: 1, message: message.value })
  invariant(
    effects.every(({ do: what }) => what === 'look' || what === 'answer'),
    'a message carries nothing out',
  )
  invariant(!effects.some((effect) => effect.do === 'answer' && effect.id !== 7), 'only what was asked is answered')
  const again = decodeCpgMessage(encodeCpgMessage(message.value))
  const isNamed = 'guest' in message.value ? Buffer.byteLength(message.value.guest.name) <= 64 : true
  invariant(!isNamed || again.ok, 'what was read can be said again')
  const looked = stepDirectory(directory, {
    kind: 'local',
    hosts: [{ name: 'vm-a', uuid: '11111111-aaaa-4aaa-8aaa-000000000001', state: 1 }],
    isWhole: prng.chance(1, 2),
    request: { from: 2, pid: 1, sequence: 1, operation: 'status', target: 'vm-b' },
  })
  invariant(!looked.effects.some((effect) => effect.do === 'perform'), "another's machine is not acted on")
}

const domain = { name: 'vm-a', uuid: new Uint8Array(16).fill(0x11), id: 3 }
const reply = { program: rpcPrograms.remote, type: rpcTypes.reply, status: 0 } as const
const domainXml = `<domain type='test'><devices><serial type='unix'><source mode='bind' path='/run/a'/></serial></devices></domain>`
const replies = [
  { ...reply, procedure: 23, serial: 1, body: writeDomain(new XdrWriter(), domain).bytes() },
  { ...reply, procedure: 273, serial: 2, body: writeDomain(new XdrWriter().int(1), domain).int(1).bytes() },
  { ...reply, procedure: 16, serial: 3, body: new XdrWriter().int(1).int(8192).int(0).int(8192).bytes() },
  { ...reply, procedure: 14, serial: 4, body: new XdrWriter().text(domainXml).bytes() },
  {
    ...reply,
    procedure: 24,
    serial: 5,
    status: 1,
    body: new XdrWriter().int(42).int(10).optional('not found').bytes(),
  },
  {
    ...reply,
    procedure: 318,
    type: rpcTypes.event,
    serial: 0,
    body: writeDomain(new XdrWriter().int(0), domain).int(2).int(0).bytes(),
  },
].map(encodeRpc)

/** What libvirt sends, cut in two: every fault in it is one of decoding, and no list is longer than its limit. */
function libvirt(prng: Prng): void {
  const stream = Buffer.concat([prng.pick(replies), mutated(prng, prng.pick(replies)), prng.pick(replies)])
  const cut = prng.below(stream.byteLength + 1)
  try {
    const first = takeRpc(stream.subarray(0, cut))
    const second = takeRpc(Buffer.concat([first.rest, stream.subarray(cut)]))
    invariant(first.messages.length + second.messages.length <= stream.byteLength / 28, 'no message out of nothing')
    for (const message of [...first.messages, ...second.messages]) readReply(message)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    invariant(error.message !== '', 'a fault has its reason')
  }
}

function readReply({ procedure, status, body }: RpcMessage): void {
  const reader = new XdrReader(body)
  if (status !== 0) readRpcError(body)
  else if (procedure === procedures.listAllDomains) {
    const domains = Array.from({ length: reader.count(domainListMax) }, () => readDomain(reader))
    invariant(domains.length <= domainListMax, 'a list keeps its limit')
  } else if (procedure === procedures.xml) domainSockets(reader.text(), 'serial', undefined)
  else if (procedure === procedures.info) reader.unsigned()
  else {
    if (procedure === procedures.lifecycleEvent) reader.int()
    invariant(readDomain(reader).uuid.byteLength === 16, 'a UUID has 16 bytes')
  }
}

const targets = [network, line, configuration, cpg, libvirt] as const

function main(argv: readonly string[]): number {
  const options = {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    targets: { type: 'string', default: targets.map(({ name }) => name).join(',') },
    help: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...argv], options })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const names = values.targets.split(',')
  const chosen = targets.filter(({ name }) => names.includes(name))
  if (chosen.length < names.length) {
    process.stderr.write(usage)
    return 1
  }
  const prng = new Prng(BigInt(values.seed))
  const total = Number(values.inputs)
  const began = performance.now()
  let slowest = 0
  for (let done = 0; done < total; done += 1) {
    const target = chosen[done % chosen.length]
    const start = process.cpuUsage()
    try {
      target?.(prng)
    } catch (error) {
      process.stderr.write(`fuzz: input ${done} of seed ${values.seed} (${target?.name}): ${error}\n`)
      return 1
    }
    // Time of the processor: on a busy machine any input may take a second of the clock.
    const { user, system } = process.cpuUsage(start)
    slowest = Math.max(slowest, (user + system) / 1000)
    if (slowest > slowMs) {
      process.stderr.write(`fuzz: input ${done} of seed ${values.seed} (${target?.name}) took ${slowest} ms\n`)
      return 1
    }
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  process.stdout.write(
    `fuzz fence: ${total} inputs at ${values.targets}, seed ${values.seed}, ${seconds} s: no crash, slowest ${slowest.toFixed(1)} ms, nothing carried out\n`,
  )
  return 0
}

process.exitCode = main(process.argv.slice(2))
