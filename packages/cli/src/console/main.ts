import { parseArgs } from 'node:util'
import {
  type ClusterSource,
  cibFile,
  type Fleet,
  type HostSpec,
  hostSteps,
  hostText,
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
      --connect [NAME=]HOSTS
                          a cluster of other machines, by SSH: hosts between blanks or commas, each HOST, USER@HOST:PORT
                          or [V6]:PORT, or an alias of ssh_config; user root and port 22 unless that says otherwise.
                          One is enough; another takes over when it is lost. Nothing is installed there. May be given
                          several times, once for each cluster
      --one-host-cluster  connect to clusters of one member, too
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
  quorate console --connect 'root@node1, ops@node2:2222' --connect 'web=web1 web2' --role admin

With --role admin the page of all clusters (/fleet) connects to more of them. Connections go by the machine's own ssh, with
the keys, certificates, agent, jump hosts and known hosts that it has; no passwords are asked for. Users other than root
need this line in sudoers, with their name for ops:
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
  } else if (call.connect.length === 0) {
    source = new LiveCluster()
  }
  try {
    const { address, port, role, connect, acceptedKeys, knownHosts, takesOneMember } = call
    const running = await startConsole({
      address,
      port,
      role,
      acceptedKeys,
      ...(source === undefined ? {} : { source }),
      takesOneMember,
      ...(connect.length === 0 ? {} : { connect, onClusters: stepTeller() }),
      ...(knownHosts === undefined ? {} : { knownHosts }),
    })
    if (!running.hasWeb) process.stderr.write('console: the pages are not built: only the API is served\n')
    const far = connect.map(({ name, hosts }) => name ?? hosts.map(hostText).join(' ')).join(', ')
    const of = call.file ?? (far === '' ? 'the cluster' : far)
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

type Connection = { readonly hosts: HostSpec[]; readonly name: string | null }

type Call = {
  readonly isHelp: boolean
  readonly address: string
  readonly port: number
  readonly role: Role
  readonly file: string | undefined
  readonly connect: readonly Connection[]
  readonly takesOneMember: boolean
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
  const connect: Connection[] = []
  for (const text of values.connect) {
    const read = readConnection(text)
    if (typeof read === 'string') return read
    connect.push(read)
  }
  if (connect.length > 0 && values.file !== undefined) return '--connect and --file: one of them'
  const wrongKey = values['accept-key'].find((text) => !/^SHA256:[A-Za-z0-9+/]{43}$/.test(text))
  if (wrongKey !== undefined) return `--accept-key ${wrongKey}: a fingerprint is expected, as 'ssh-keygen -l' prints it`
  return {
    isHelp: values.help,
    address,
    port,
    role,
    file: values.file,
    connect,
    takesOneMember: values['one-host-cluster'],
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

function readConnection(text: string): Connection | string {
  const [, name = null, list = ''] = /^(?:([^=@:,]*)=)?(.*)$/s.exec(text) ?? []
  const { hosts, faults } = parseHosts(list)
  const [fault] = faults
  const of = `--connect ${name === null ? '' : `${name}: `}`
  if (fault !== undefined) return `${of}${fault.text}: ${hostFaults[fault.reason]}`
  return hosts.length === 0 ? `${of}a host is expected` : { hosts: [...hosts], name }
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      listen: { type: 'string', default: `127.0.0.1:${portDefault}` },
      role: { type: 'string', default: 'operator' },
      file: { type: 'string' },
      connect: { type: 'string', multiple: true, default: [] },
      'one-host-cluster': { type: 'boolean', default: false },
      'accept-key': { type: 'string', multiple: true, default: [] },
      'known-hosts': { type: 'string' },
      'without-tls': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}
