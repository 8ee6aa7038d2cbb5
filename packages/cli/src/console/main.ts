import { parseArgs } from 'node:util'
import {
  type ClusterSource,
  cibFile,
  isLoopbackAddress,
  LiveCluster,
  type Role,
  roles,
  startConsole,
} from '@quorate/console/server'
import type { Tool } from '../tool.ts'

const portDefault = 2227

const usage = `Usage: quorate console [OPTIONS]

Serves the web console for the cluster that this machine is a node of, ours or a real Pacemaker. Prints an address that
logs in, once, and runs until Ctrl-C. Every change is previewed by the scheduler before it is made.

Options:
      --listen ADDR:PORT  where to listen (default: 127.0.0.1:${portDefault}; port 0: any that is free)
      --role ROLE         the highest role that can log in: viewer, operator (default) or admin
      --file FILE         a CIB in a file instead of the cluster's: to be looked at and asked about, not changed
      --without-tls       listen on an address that other machines reach, although passwords and all go over it in clear
      --help              this text

The addresses of all roles are kept in a file that only this user can read while the console runs; its name is printed.

Examples:
  quorate console
  quorate console --file /var/lib/pacemaker/cib/cib.xml
  quorate console --listen 127.0.0.1:0 --role viewer
  ssh -L 2227:127.0.0.1:2227 root@node1 quorate console
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
  let source: ClusterSource = new LiveCluster()
  if (call.file !== undefined) {
    const read = await cibFile(call.file)
    if (!read.ok) {
      process.stderr.write(`console: ${read.error}\n`)
      return 66
    }
    source = read.value
  }
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve())
  })
  try {
    const { address, port, role } = call
    const running = await startConsole({ source, address, port, role })
    if (!running.hasWeb) process.stderr.write('console: the pages are not built: only the API is served\n')
    process.stdout.write(`console of ${call.file ?? 'the cluster'}, as ${role}: ${running.addresses.get(role)}\n`)
    process.stdout.write(`addresses of all roles: ${running.tokenFile}\nCtrl-C ends it.\n`)
    await stopped
    await running.close()
    return 0
  } catch (error) {
    process.stderr.write(`console: ${(error as Error).message}\n`)
    return 1
  }
}

type Call = {
  readonly isHelp: boolean
  readonly address: string
  readonly port: number
  readonly role: Role
  readonly file: string | undefined
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
  return { isHelp: values.help, address, port, role, file: values.file }
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      listen: { type: 'string', default: `127.0.0.1:${portDefault}` },
      role: { type: 'string', default: 'operator' },
      file: { type: 'string' },
      'without-tls': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}
