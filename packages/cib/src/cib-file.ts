import { failed, ok, type Result } from '@quorate/base'
import { attr, child, formatXml, parseXml, withAttributes, type XmlElement, type XmlError } from '@quorate/xml'
import { fileDigest } from './digest.ts'
import { versionOf, withVersion } from './version.ts'

/** Backups are numbered 0 to this less one, and start again. */
export const backupsMax = 100

/** Names in the CIB's directory. */
export const cibFileNames = {
  document: 'cib.xml',
  signature: 'cib.xml.sig',
  counter: 'cib.last',
  backup: (number: number) => `cib-${number}.raw`,
  backupSignature: (number: number) => `cib-${number}.raw.sig`,
} as const

/** The CIB as it goes to disk: without status, and with the counter of the status' changes at 0. */
export function cibForDisk(cib: XmlElement, lastWritten: string | undefined): XmlElement {
  const children = cib.children.filter((item) => item.name !== 'status')
  const bare = withVersion({ ...cib, children }, { updates: 0 })
  return lastWritten === undefined ? bare : withAttributes(bare, { 'cib-last-written': lastWritten })
}

/** Text of a file that holds a CIB: formatted, without declaration. */
export function cibFileText(cib: XmlElement): string {
  return formatXml(cib)
}

/** Content of the signature file beside it: 32 hex digits without a line end. */
export function cibSignature(cib: XmlElement): string {
  return fileDigest(cib)
}

/** Why a file of a CIB cannot be used. */
export type CibFileFault =
  | { readonly kind: 'unparsable'; readonly error: XmlError }
  | { readonly kind: 'mismatch'; readonly expected: string; readonly found: string }

/**
 * Reads a file of a CIB and checks it against its signature.
 *
 * @param signature content of the signature file; undefined where there is none, which is accepted
 */
export function verifyCibFile(text: string, signature: string | undefined): Result<XmlElement, CibFileFault> {
  const read = parseXml(text)
  if (!read.ok) return failed({ kind: 'unparsable', error: read.error })
  const expected = signature?.trim().slice(0, 32)
  const found = fileDigest(read.value)
  if (expected !== undefined && expected !== found) return failed({ kind: 'mismatch', expected, found })
  return ok(read.value)
}

/**
 * A CIB read from disk as a daemon starts with it: empty status, all counters there, no word of who was the DC. One that
 * claims no schema is held to none from then on.
 */
export function cibFromDisk(cib: XmlElement): XmlElement {
  const children = cib.children.filter((item) => item.name !== 'status')
  const status = { name: 'status', attributes: [], children: [], text: '' }
  const { adminEpoch, epoch, updates } = versionOf(cib)
  const counted = withVersion({ ...cib, children: [...children, status] }, { adminEpoch, epoch, updates })
  return withAttributes(counted, { 'validate-with': attr(cib, 'validate-with') ?? 'none', 'dc-uuid': undefined })
}

/**
 * Number of the next backup, from the content of the counter file. Anything that is no number in range starts at 0.
 *
 * @returns the number to use now, and what the counter file says afterwards
 */
export function nextBackup(counter: string | undefined): { readonly number: number; readonly counterAfter: string } {
  const last = Number.parseInt(counter ?? '', 10)
  const number = Number.isInteger(last) && last >= 0 && last < backupsMax ? last : 0
  return { number, counterAfter: String((number + 1) % backupsMax) }
}

/** Whether a document has what every CIB has: the root's name and a configuration. */
export function isCib(root: XmlElement): boolean {
  return root.name === 'cib' && child(root, 'configuration') !== undefined
}
