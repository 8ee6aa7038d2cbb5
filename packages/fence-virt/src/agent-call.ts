import { encodeText } from '@quorate/base'
import { type AgentName, type AgentOption, agentOptions, otherStdinKeys } from './agent-option.ts'
import { defaultKeyFile, defaultPort } from './daemon-conf.ts'
import { domainSizeMax } from './fence-request.ts'
import { type HashName, hashNames } from './hash.ts'
import type { OperationName } from './operation.ts'

/** What a client is asked to do: an operation of the wire, or something it does alone. */
export type AgentAction = OperationName | 'list-status' | 'metadata' | 'validate-all'

/** Everything that a call of a client says, its defaults filled in. */
export type AgentCall = {
  readonly action: AgentAction
  readonly domain: string | undefined
  readonly isUuid: boolean
  readonly debugLevel: number
  readonly timeoutS: number
  readonly delayS: number
  /** Between two datagrams, in tenths of a second. */
  readonly retransmitTenths: number
  readonly family: 'auto' | 'ipv4' | 'ipv6'
  readonly multicastAddress: string | undefined
  readonly port: number
  readonly auth: HashName
  readonly hash: HashName
  readonly keyFile: string
  /** A key file was named: it must be there. */
  readonly isKeyFileGiven: boolean
  readonly serialDevice: string | undefined
  readonly serialParameters: string
  readonly channelAddress: string
  /** Set: over TCP. */
  readonly ipAddress: string | undefined
  /** Set: over vsock, to this CID. */
  readonly cid: number | undefined
  readonly wantsHelp: boolean
  readonly wantsVersion: boolean
  /** Ours, not of the C programs. */
  readonly output: 'text' | 'json'
  /** Mistakes, in the order in which they were made. */
  readonly mistakes: readonly string[]
  /** Told on standard error, without being a mistake. */
  readonly remarks: readonly string[]
}

type Draft = { -readonly [K in keyof AgentCall]: AgentCall[K] } & { mistakes: string[]; remarks: string[] }

/** Largest number of the C programs, which read larger ones as others. */
const numberMax = 2_147_483_647

/** What is wrong with a key file that is named, undefined where it is there. Given by the host: cores see no files. */
export type FileCheck = (file: string) => string | undefined

const actionsByName: ReadonlyMap<string, AgentAction> = new Map(
  (
    ['null', 'off', 'on', 'reboot', 'status', 'monitor', 'list', 'list-status', 'metadata', 'validate-all'] as const
  ).map((name) => [name, name]),
)

function presets(): Draft {
  return {
    action: 'reboot',
    domain: undefined,
    isUuid: false,
    debugLevel: 0,
    timeoutS: 30,
    delayS: 0,
    retransmitTenths: 20,
    family: 'auto',
    multicastAddress: undefined,
    port: defaultPort,
    auth: 'sha256',
    hash: 'sha256',
    keyFile: defaultKeyFile,
    isKeyFileGiven: false,
    serialDevice: undefined,
    serialParameters: '115200,8N1',
    channelAddress: '10.0.2.179',
    ipAddress: undefined,
    cid: undefined,
    wantsHelp: false,
    wantsVersion: false,
    output: 'text',
    mistakes: [],
    remarks: [],
  }
}

/** A call that is being read. */
type Reading = { readonly name: AgentName; readonly draft: Draft; readonly fileFault: FileCheck }

/** Reads a command line as getopt does: letters may be bundled, words that are no options are passed over. */
export function callOfArguments(name: AgentName, argv: readonly string[], fileFault: FileCheck): AgentCall {
  const draft = presets()
  const reading = { name, draft, fileFault }
  const words = [...argv]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') break
    const long = /^--output-as=(.*)$/.exec(word)
    if (long !== null) setOutput(draft, long[1] ?? '')
    else if (word.startsWith('-') && word.length > 1) readLetters(reading, word.slice(1), words)
  }
  return checkDomain(draft)
}

function readLetters(reading: Reading, letters: string, words: string[]): void {
  const { name, draft } = reading
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? ''
    const option = agentOptions[name].find((one) => one.letter === letter)
    if (option === undefined) {
      draft.remarks.push(`${name}: invalid option -- '${letter}'`)
      draft.wantsHelp = true
      continue
    }
    if (option.value === undefined) {
      applyLetter(draft, option)
      continue
    }
    const attached = letters.slice(at + 1)
    const value = attached !== '' ? attached : option.isValueOptional === true ? hostCid : words.shift()
    if (value === undefined) {
      draft.remarks.push(`${name}: option requires an argument -- '${letter}'`)
      draft.wantsHelp = true
    } else {
      applyValue(reading, option, value)
    }
    return
  }
}

/** The CID of `-S` without a value: the host. */
const hostCid = '2'

function applyLetter(draft: Draft, option: AgentOption): void {
  if (option.letter === 'd') draft.debugLevel += 1
  else if (option.letter === 'u') draft.isUuid = true
  else if (option.letter === 'V') draft.wantsVersion = true
  else draft.wantsHelp = true
}

/** Characters of standard input that are read at all. */
export const stdinCharactersMax = 65_536

/**
 * Reads `key=value` lines: `#` at its very begin makes a line a comment, a carriage return ends it, a value ends at the
 * first blank, case of keys is ignored.
 */
export function callOfStdin(name: AgentName, text: string, fileFault: FileCheck): AgentCall {
  const draft = presets()
  for (const raw of text.slice(0, stdinCharactersMax).split('\n')) {
    const line = raw.replace(/^[ \t]+/, '').replace(/[\0\r].*$/s, '')
    if (line === '' || raw.startsWith('#')) continue
    const [, key = '', equals, value = ''] = /^([^= \t]*)(=?)([^ \t]*)/.exec(line) ?? []
    readLine({ name, draft, fileFault }, key, equals === '=' ? value : undefined)
  }
  return checkDomain(draft)
}

function readLine(reading: Reading, typed: string, value: string | undefined): void {
  const { name, draft } = reading
  const key = typed.toLowerCase()
  if (key === 'output_as') return setOutput(draft, value ?? '')
  const sought = key === 'option' ? 'action' : key
  const option = agentOptions[name].find((one) => one.key === sought)
  if (option !== undefined) {
    if (value !== undefined) applyValue(reading, option, value)
    else applyKeyAlone(reading, option)
    return
  }
  if (!otherStdinKeys.includes(key)) draft.remarks.push(`Parse error: Ignoring unknown option '${typed}'`)
}

/** A key without `=`: as its letter on the command line where that stands alone. */
function applyKeyAlone(reading: Reading, option: AgentOption): void {
  const { draft } = reading
  if (option.value === undefined) applyLetter(draft, option)
  else if (option.isValueOptional === true) applyValue(reading, option, hostCid)
  else if (setters[option.key ?? ''] === setDomain && draft.domain !== undefined)
    draft.mistakes.push(secondDomainMistake)
}

function setOutput(draft: Draft, text: string): void {
  if (text === 'text' || text === 'json') draft.output = text
  else draft.mistakes.push(`Invalid output format: '${text}'`)
}

function applyValue({ draft, fileFault }: Reading, option: AgentOption, value: string): void {
  const outcome = setters[option.key ?? '']?.(draft, value, fileFault)
  if (outcome !== undefined) draft.mistakes.push(outcome)
}

/** Takes a value in, or answers what is wrong with it. */
type Setter = (draft: Draft, value: string, fileFault: FileCheck) => string | undefined

const setters: Readonly<Record<string, Setter>> = {
  debug: (draft, value) => {
    const level = leadingNumber(value)
    draft.debugLevel = level < 0 ? 1 : level
    return undefined
  },
  ip_family: (draft, value) => {
    const family = value.toLowerCase()
    if (family !== 'auto' && family !== 'ipv4' && family !== 'ipv6') return `Unsupported family: '${value}'`
    draft.family = family
    return undefined
  },
  multicast_address: (draft, value) => {
    draft.multicastAddress = value
    return undefined
  },
  ipport: (draft, value) =>
    whole(value, 1, 65_535, `Invalid port: '${value}'`, (port) => {
      draft.port = port
    }),
  retrans: (draft, value) =>
    whole(value, 1, numberMax, `Invalid retransmit time: '${value}'`, (tenths) => {
      draft.retransmitTenths = tenths
    }),
  timeout: (draft, value) =>
    whole(value, 1, numberMax, `Invalid timeout: '${value}'`, (seconds) => {
      draft.timeoutS = seconds
    }),
  delay: (draft, value) =>
    whole(value === '' ? '0' : value, 0, numberMax, `Invalid delay: '${value}'`, (seconds) => {
      draft.delayS = seconds
    }),
  auth: (draft, value) => {
    const found = hashNames.find((name) => name === value.toLowerCase())
    if (found === undefined) return `Unsupported auth type: ${value}`
    draft.auth = found
    return undefined
  },
  hash: (draft, value) => {
    const found = hashNames.find((name) => name === value.toLowerCase())
    if (found === undefined) return `Unsupported hash: ${value}`
    draft.hash = found
    return undefined
  },
  // It must be there even where no key is used.
  key_file: (draft, value, fileFault) => {
    draft.keyFile = value
    draft.isKeyFileGiven = true
    return fileFault(value)
  },
  plug: setDomain,
  port: setDomain,
  domain: setDomain,
  use_uuid: (draft, value) => {
    if (leadingNumber(value) !== 0) draft.isUuid = true
    return undefined
  },
  action: (draft, value) => {
    const found = actionsByName.get(value.toLowerCase())
    if (found === undefined) return `Unsupported operation: ${value}`
    draft.action = found
    return undefined
  },
  serial_device: (draft, value) => {
    draft.serialDevice = value
    return undefined
  },
  serial_params: (draft, value) => {
    draft.serialParameters = value
    return undefined
  },
  channel_address: (draft, value) => {
    draft.channelAddress = value
    return undefined
  },
  ipaddr: (draft, value) => {
    draft.ipAddress = value
    return undefined
  },
  vsock: (draft, value) =>
    whole(value, 2, 0xffff_fffe, `Invalid CID: '${value}'`, (cid) => {
      draft.cid = cid
    }),
}

/** The number that a text begins with, as atoi(3) of glibc makes 32 bits of it; 0 where there is none. */
function leadingNumber(text: string): number {
  const [, digits] = /^\s*([+-]?\d+)/.exec(text) ?? []
  if (digits === undefined) return 0
  const largest = 2n ** 63n - 1n
  const number = BigInt(digits)
  return Number(BigInt.asIntN(32, number > largest ? largest : number < -largest - 1n ? -largest - 1n : number))
}

/** A number as the C programs read it: hexadecimal behind 0x, octal behind 0, blanks and a sign before it. */
function numberOf(text: string): number {
  if (/^\s*-0+$/.test(text)) return 0
  const [, hex, octal, decimal] = /^\s*\+?(?:0x([0-9a-f]{1,8})|0([0-7]{1,11})|(0|[1-9]\d{0,9}))$/i.exec(text) ?? []
  if (hex !== undefined) return Number.parseInt(hex, 16)
  if (octal !== undefined) return Number.parseInt(octal, 8)
  return decimal === undefined ? Number.NaN : Number(decimal)
}

function whole(
  value: string,
  low: number,
  high: number,
  mistake: string,
  take: (number: number) => void,
): string | undefined {
  const number = numberOf(value)
  if (!(number >= low && number <= high)) return mistake
  take(number)
  return undefined
}

const secondDomainMistake = 'Domain/UUID may not be specified more than once'

function setDomain(draft: Draft, value: string): string | undefined {
  if (draft.domain !== undefined) return secondDomainMistake
  draft.domain = value
  if (value === '') return 'Invalid domain name'
  if (encodeText(value).byteLength > domainSizeMax) return `Invalid domain name: '${value}' (File name too long)`
  return undefined
}

/** What is wrong where a machine must be named and none is. */
export const noDomainMistake = 'No domain specified!'

/** Actions that concern no machine. */
const withoutDomain: ReadonlySet<AgentAction> = new Set(['monitor', 'list', 'list-status', 'metadata'])

function checkDomain(draft: Draft): AgentCall {
  if (draft.domain === undefined && !withoutDomain.has(draft.action)) {
    draft.mistakes.push(noDomainMistake)
  }
  return draft
}
