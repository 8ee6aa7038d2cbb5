import { attr, withAttributes, type XmlElement } from '@quorate/xml'

/**
 * Which state of the configuration a document holds. Greater is newer: first by hand (admin epoch), then by changes of the
 * configuration, then by changes of the status.
 */
export type CibVersion = { readonly adminEpoch: number; readonly epoch: number; readonly updates: number }

/** The attributes of `<cib>` that hold the version, the weightiest first. */
export const versionAttributes = ['admin_epoch', 'epoch', 'num_updates'] as const

/** Version of a `<cib>`; what is missing or no number counts as `missing`. */
export function versionOf(cib: XmlElement, missing = 0): CibVersion {
  const [adminEpoch, epoch, updates] = versionAttributes.map((name) => counter(attr(cib, name), missing))
  return { adminEpoch: adminEpoch as number, epoch: epoch as number, updates: updates as number }
}

function counter(text: string | undefined, missing: number): number {
  const value = Number.parseInt(text ?? '', 10)
  return Number.isNaN(value) ? missing : value
}

/** Below 0 when `a` is older than `b`, above 0 when newer. */
export function compareVersions(a: CibVersion, b: CibVersion): number {
  return a.adminEpoch - b.adminEpoch || a.epoch - b.epoch || a.updates - b.updates
}

/** As people write it: `admin.epoch.updates`. */
export function versionText(version: CibVersion): string {
  return `${version.adminEpoch}.${version.epoch}.${version.updates}`
}

/** The document with some of its counters set. */
export function withVersion(cib: XmlElement, changes: Partial<CibVersion>): XmlElement {
  return withAttributes(cib, {
    ...(changes.adminEpoch === undefined ? {} : { admin_epoch: String(changes.adminEpoch) }),
    ...(changes.epoch === undefined ? {} : { epoch: String(changes.epoch) }),
    ...(changes.updates === undefined ? {} : { num_updates: String(changes.updates) }),
  })
}
