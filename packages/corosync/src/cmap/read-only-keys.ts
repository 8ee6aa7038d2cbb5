/** Prefixes of keys that clients may read and not change (protocols/corosync.md 9.1). */
const readOnlyPrefixes = [
  'internal_configuration.',
  'nodelist.',
  'runtime.config.',
  'runtime.services.',
  'runtime.totem.',
  'system.',
  'uidgid.config.',
]

/** Single keys of `totem` that clients may read and not change. */
const readOnlyKeys = new Set([
  'config.reload_in_progress',
  'config.totemconfig_reload_in_progress',
  'totem.cluster_name',
  'totem.crypto_cipher',
  'totem.crypto_hash',
  'totem.crypto_model',
  'totem.ip_version',
  'totem.key',
  'totem.keyfile',
  'totem.netmtu',
  'totem.nodeid',
  'totem.rrp_mode',
  'totem.secauth',
  'totem.threads',
  'totem.transport',
  'totem.version',
])

/** Whether the key is closed to clients. */
export function isReadOnlyKey(key: string): boolean {
  return readOnlyKeys.has(key) || readOnlyPrefixes.some((prefix) => key.startsWith(prefix))
}
