/** One option of corosync(8). */
export type CorosyncOption = {
  readonly long: string
  readonly short: string
  readonly type: 'boolean' | 'string'
  readonly doc: string
}

/** Options of corosync(8), sorted. */
export const corosyncOptions: readonly CorosyncOption[] = [
  { long: 'config', short: 'c', type: 'string', doc: 'Corosync config file path.' },
  { long: 'foreground', short: 'f', type: 'boolean', doc: 'Start application in foreground.' },
  { long: 'help', short: 'h', type: 'boolean', doc: 'Display this text and exit.' },
  { long: 'test', short: 't', type: 'boolean', doc: 'Test configuration and exit.' },
  { long: 'version', short: 'v', type: 'boolean', doc: 'Display version and exit.' },
]
