/** An option of pacemakerd. */
export type PacemakerdOption = {
  readonly short: string
  readonly long: string
  readonly type: 'boolean' | 'string'
  readonly doc: string
}

/** Options of pacemakerd(8), in the order of its help. */
export const pacemakerdOptions: readonly PacemakerdOption[] = [
  { short: 'h', long: 'help', type: 'boolean', doc: 'Show help options' },
  { short: '$', long: 'version', type: 'boolean', doc: 'Display software version and exit' },
  { short: 'V', long: 'verbose', type: 'boolean', doc: '(Ignored) PCMK_debug decides what is logged' },
  { short: 'F', long: 'features', type: 'boolean', doc: 'Display full version and list of features' },
  { short: 'f', long: 'foreground', type: 'boolean', doc: '(Ignored) Pacemaker always runs in the foreground' },
  { short: 'p', long: 'pid-file', type: 'string', doc: '(Ignored) Daemon pid file location' },
  { short: 'S', long: 'shutdown', type: 'boolean', doc: 'Instruct Pacemaker to shutdown on this machine' },
  { short: 's', long: 'standby', type: 'boolean', doc: 'Start node in standby state' },
]
