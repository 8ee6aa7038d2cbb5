import { compareText, encodeText, md5Hex } from '@quorate/base'
import { attr, writeXml, type XmlElement } from '@quorate/xml'

/** Attributes that differ between nodes without the CIBs being different, and therefore count in no digest on the wire. */
const filtered: ReadonlySet<string> = new Set([
  'crm-debug-origin',
  'cib-last-written',
  'update-origin',
  'update-client',
  'update-user',
])

/** Digest of a CIB on the wire (version 2): syncs, pings, patchsets (behaviour/pacemaker-daemons.md 1.7). */
export function cibDigest(cib: XmlElement): string {
  return md5Hex(encodeText(writeXml(cib, { withoutAttributes: filtered })))
}

/** Digest of a document on disk (version 1): the content of `.sig` files. Nothing is filtered. */
export function fileDigest(root: XmlElement): string {
  return md5Hex(encodeText(` ${writeXml(root)}\n`))
}

/** Digest of an operation's parameters: that of a file, with attributes in the order of their names at every level. */
export function operationDigest(parameters: XmlElement): string {
  return fileDigest(sorted(parameters))
}

function sorted(of: XmlElement): XmlElement {
  const pairs: [string, string][] = []
  for (let i = 0; i < of.attributes.length; i += 2) {
    pairs.push([of.attributes[i] as string, of.attributes[i + 1] as string])
  }
  pairs.sort((a, b) => compareText(a[0], b[0]))
  return { ...of, attributes: pairs.flat(), children: of.children.map(sorted) }
}

/**
 * Digest by which a patch tells its result, and `cibadmin --md5-sum-versioned`: that of the wire, but for documents of a
 * feature set older than 3.0.5, or of none.
 */
export function patchDigest(cib: XmlElement): string {
  const [major = 0, minor = 0, patch = 0] = (attr(cib, 'crm_feature_set') ?? '')
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0)
  const isOld = major < 3 || (major === 3 && minor === 0 && patch < 5)
  return isOld ? fileDigest(cib) : cibDigest(cib)
}
