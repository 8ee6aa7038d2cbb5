import type { HostSpec } from '../api/host-list.ts'

/** Files of the console's own that ssh is told of. */
export type SshFiles = {
  /** Its configuration: the user's and the machine's, and behind them what counts where these say nothing. */
  readonly config: string
  /** Host keys that were accepted, most binding first; files that are not there count as empty. */
  readonly knownHosts: readonly string[]
}

/**
 * The configuration: the first value of each option counts, so that an alias's own user and port are heeded.
 *
 * @param homeConfig the user's own
 */
export function sshConfigText(homeConfig: string | undefined): string {
  const files = [...(homeConfig === undefined ? [] : [homeConfig]), '/etc/ssh/ssh_config']
  return `${files.map((file) => `Include ${quoted(file)}`).join('\n')}\nHost *\n  User root\n`
}

/** What no configuration may change: nothing is asked for, forwarded, shared with other connections or left running. */
const fixed = [
  'BatchMode=yes',
  'UpdateHostKeys=no',
  'HashKnownHosts=no',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ClearAllForwardings=yes',
  'PermitLocalCommand=no',
  'RemoteCommand=none',
  'RequestTTY=no',
  'EscapeChar=none',
  'ControlMaster=no',
  'ControlPath=none',
  'ConnectTimeout=10',
  // A host of which nothing is heard is lost after 8 s: nobody waits for TCP.
  'ServerAliveInterval=2',
  'ServerAliveCountMax=3',
] as const

/** Arguments of `ssh` that run one command on a host. */
export function sshArguments(spec: HostSpec, files: SshFiles, command: string): readonly string[] {
  const options = [...fixed, 'LogLevel=DEBUG1', 'StrictHostKeyChecking=yes', knownHosts(files.knownHosts)]
  return commandLine(spec, files, options, command)
}

/** Arguments of `ssh` that have it write the key of a host to a file, and go no further than that. */
export function keyArguments(spec: HostSpec, files: SshFiles, into: string): readonly string[] {
  const options = [
    ...fixed,
    'LogLevel=ERROR',
    'StrictHostKeyChecking=accept-new',
    'PreferredAuthentications=none',
    knownHosts([into]),
    'GlobalKnownHostsFile=/dev/null',
  ]
  return commandLine(spec, files, options, 'true')
}

function commandLine(
  spec: HostSpec,
  { config }: SshFiles,
  options: readonly string[],
  command: string,
): readonly string[] {
  const given = options.flatMap((option) => ['-o', option])
  return ['-F', config, '-T', ...given, ...place(spec), '--', spec.host, command]
}

/** Arguments of `ssh` that have it print what its configuration comes to for a host. */
export function resolveArguments(spec: HostSpec, files: SshFiles): readonly string[] {
  return ['-F', files.config, '-T', '-G', ...place(spec), '--', spec.host]
}

/** The user of what `ssh -G` has printed. */
export function resolvedUser(printed: string): string | undefined {
  return /^user (\S+)$/m.exec(printed)?.[1]
}

function place({ user, port }: HostSpec): readonly string[] {
  return [...(user === undefined ? [] : ['-l', user]), ...(port === undefined ? [] : ['-p', String(port)])]
}

function knownHosts(files: readonly string[]): string {
  // Here, other than in Include, a percent sign stands for something.
  return `UserKnownHostsFile=${files.map((file) => quoted(file.replaceAll('%', '%%'))).join(' ')}`
}

/** A path as ssh reads it for one, whatever is in it. */
function quoted(file: string): string {
  return `"${file.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
