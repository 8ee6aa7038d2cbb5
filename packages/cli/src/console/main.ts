import { parseArgs } from 'node:util'
import {
  type ClusterSource,
  cibFile,
  type Fleet,
  type HostSpec,
  hostSteps,
  isLoopbackAddress,
  LiveCluster,
  parseHosts,
  type Role,
  roles,
  startConsole,
} from '@quorate/console/server'
import type { Tool } from '../tool.ts'

const portDefault = 2227

const usage = `Usage: quorate console [OPTIONS]

Serves the web console for the cluster that this machine is a node of, or for one that is reached by SSH; ours or a real
Pacemaker. Prints an address that logs in, once, and runs until Ctrl-C. Every change is previewed by the scheduler before
it is made.

Options:
      --listen ADDR:PORT  where to listen (default: 127.0.0.1:${portDefault}; port 0: any that is free)
      --role ROLE         the highest role that can log in: viewer, operator (default) or admin
      --file FILE         a CIB in a file instead of the cluster's: to be looked at and asked about, not changed
      --connect HOSTS     the cluster of other machines, by SSH: hosts between blanks or commas, each HOST, USER@HOST:PORT
                          or [V6]:PORT, or an alias of ssh_config; user root and port 22 unless that says otherwise.
                          One is enough; another takes over when it is lost. Nothing is installed there
      --accept-key PRINT  accept a host key that nobody knows yet, by its fingerprint (SHA256:...), for this run;
                          may be given several times
      --known-hosts FILE  where host keys are kept that somebody accepts for later runs too
      --without-tls       listen on an address that other machines reach, although passwords and all go over it in clear
      --help              this text

The addresses of all roles are kept in a file that only this user can read while the console runs; its name is printed.

Examples:
  quorate console
  quorate console --file /var/lib/pacemaker/cib/cib.xml
  quorate console --listen 127.0.0.1:0 --role viewer
  quorate console --connect node1
  quorate console --connect 'root@node1, ops@node2:2222' --role admin

Connections go by the machine's own ssh, with the keys, certificates, agent, jump hosts and known hosts that it has; no
passwords are asked for. Users other than root need this line in sudoers, with their name for ops:
  ops ALL=(root) NOPASSWD: /bin/sh -s
`

/** The web console. Exit 0 ended by a signal, 1 could not listen, 64 usage, 66 no such file or none that can be read. */
export const run: Tool = async (argv) => {
  const call = readCall(argv)
  if (typeof call === 'string') {
    process.stderr.write(`console: ${call}\n`)
    return 64
  }
  if (call.isHelp) {
    process.stdout.write(usage)
    return 0
  }
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve())
  })
  let source: ClusterSource | undefined
  if (call.file !== undefined) {
    const read = await cibFile(call.file)
    if (!read.ok) {
      process.stderr.write(`console: ${read.error}\n`)
      return 66
    }
    source = read.value
  } else if (call.hosts === undefined) {
    source = new LiveCluster()
  }
  try {
    const { address, port, role, hosts, acceptedKeys, knownHosts } = call
    const running = await startConsole({
      address,
      port,
      role,
      acceptedKeys,
      ...(source === undefined ? {} : { source }),
      ...(hosts === undefined ? {} : { connect: { hosts: [...hosts], name: null }, onClusters: stepTeller() }),
      ...(knownHosts === undefined ? {} : { knownHosts }),
    })
    if (!running.hasWeb) process.stderr.write('console: the pages are not built: only the API is served\n')
    const of = call.file ?? call.connect ?? 'the cluster'
    process.stdout.write(`console of ${of}, as ${role}: ${running.addresses.get(role)}\n`)
    process.stdout.write(`addresses of all roles: ${running.tokenFile}\nCtrl-C ends it.\n`)
    await stopped
    await running.close()
    return 0
  } catch (error) {
    process.stderr.write(`console: ${(error as Error).message}\n`)
    return 1
  }
}

/** Tells each step to each host as it is done, once. */
function stepTeller(): (fleet: Fleet) => void {
  const told = new Map<string, string>()
  return ({ clusters }) => {
    for (const { id, hosts } of clusters) {
      for (const host of hosts) {
        const text = hostSteps(host)
        const key = `${id} ${host.id}`
        if (text !== '' && told.get(key) !== text) process.stderr.write(`${text}\n`)
        told.set(key, text)
      }
    }
  }
}

type Call = {
  readonly isHelp: boolean
  readonly address: string
  readonly port: number
  readonly role: Role
  readonly file: string | undefined
  readonly connect: string | undefined
  readonly hosts: readonly HostSpec[] | undefined
  readonly acceptedKeys: ReadonlySet<string>
  readonly knownHosts: string | undefined
}

/** What a line asks for, or what is wrong with it. */
export function readCall(argv: readonly string[]): Call | string {
  let values: ReturnType<typeof parse>
  try {
    values = parse(argv)
  } catch (error) {
    return (error as Error).message
  }
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(values.listen)
  const address = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (address === undefined || port > 65_535) {
    return `--listen ${values.listen}: ADDR:PORT is expected, e.g. 127.0.0.1:${portDefault} or [::1]:${portDefault}`
  }
  if (!isLoopbackAddress(address) && !values['without-tls']) {
    return `--listen ${values.listen}: other machines reach that address, and there is no TLS yet; use a tunnel (ssh -L), or --without-tls`
  }
  const role = roles.find((name) => name === values.role)
  if (role === undefined) return `--role ${values.role}: ${roles.join(', ')} are expected`
  const hosts = values.connect === undefined ? undefined : readHosts(values.connect)
  if (typeof hosts === 'string') return hosts
  if (hosts !== undefined && values.file !== undefined) return '--connect and --file: one of them'
  const wrongKey = values['accept-key'].find((text) => !/^SHA256:[A-Za-z0-9+/]{43}$/.test(text))
  if (wrongKey !== undefined) return `--accept-key ${wrongKey}: a fingerprint is expected, as 'ssh-keygen -l' prints it`
  return {
    isHelp: values.help,
    address,
    port,
    role,
    file: values.file,
    connect: values.connect,
    hosts,
    acceptedKeys: new Set(values['accept-key']),
    knownHosts: values['known-hosts'],
  }
}

const hostFaults = {
  host: 'a host name, an address or an alias is expected',
  user: 'this is no name of a user',
  port: 'a port is 1 to 65535',
  tooMany: 'these are too many',
} as const

function readHosts(text: string): readonly HostSpec[] | string {
  const { hosts, faults } = parseHosts(text)
  const [fault] = faults
  if (fault !== undefined) return `--connect: ${fault.text}: ${hostFaults[fault.reason]}`
  return hosts.length === 0 ? '--connect: a host is expected' : hosts
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      listen: { type: 'string', default: `127.0.0.1:${portDefault}` },
      role: { type: 'string', default: 'operator' },
      file: { type: 'string' },
      connect: { type: 'string' },
      'accept-key': { type: 'string', multiple: true, default: [] },
      'known-hosts': { type: 'string' },
      'without-tls': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}
