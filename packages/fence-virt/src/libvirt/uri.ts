import { failed, ok, type Result } from '@quorate/base'

/** How a libvirt daemon is reached: over which socket, and the URI it is then asked to open. */
export type LibvirtTarget =
  | { readonly transport: 'unix'; readonly paths: readonly string[]; readonly open: string }
  | { readonly transport: 'tcp'; readonly host: string; readonly port: number; readonly open: string }
  /** A driver that lives in the client library, or a transport (ssh, tls) that only the library has. */
  | { readonly transport: 'library'; readonly open: string }

/** What the place where we run adds: directories of the system's and the user's sockets. */
export type SocketDirectories = { readonly system: string; readonly session: string }

/** Drivers whose domains live in a daemon. Others (test, vmware, esx ...) live in the library unless `+unix` is said. */
const daemonDrivers: Readonly<Record<string, string>> = {
  qemu: 'virtqemud-sock',
  lxc: 'virtlxcd-sock',
  xen: 'virtxend-sock',
  vbox: 'virtvboxd-sock',
  bhyve: 'virtbhyved-sock',
  ch: 'virtchd-sock',
  vz: 'virtvzd-sock',
}
const tcpPort = 16_509

/**
 * Takes a libvirt URI apart (libvirt.org/uri.html): driver[+transport]://[user@][host][:port]/path[?name=..&socket=..].
 * Sockets are tried in order: that of the modular daemon, then libvirtd's.
 */
export function parseLibvirtUri(uri: string, directories: SocketDirectories): Result<LibvirtTarget, string> {
  const parts = /^([a-z0-9]+)(?:\+([a-z0-9]+))?:\/\/([^/?]*)(\/[^?]*)?(?:\?(.*))?$/i.exec(uri)
  if (parts === null) return failed(`expected a URI like qemu:///system, got '${uri}'`)
  const [, driver = '', transport, authority = '', path = '/', query = ''] = parts
  const parameters = parseQuery(query)
  if (parameters === undefined) return failed(`the parameters of '${uri}' are not well formed`)
  const open = parameters.get('name') ?? remoteUri(driver, path, parameters)
  const daemonSocket = Object.hasOwn(daemonDrivers, driver) ? daemonDrivers[driver] : undefined
  if (transport === 'unix' || (transport === undefined && authority === '' && daemonSocket !== undefined)) {
    const given = parameters.get('socket')
    const directory = path.startsWith('/session') ? directories.session : directories.system
    const paths = [...(daemonSocket === undefined ? [] : [daemonSocket]), 'libvirt-sock']
    return ok({
      transport: 'unix',
      paths: given === undefined ? paths.map((name) => `${directory}/${name}`) : [given],
      open,
    })
  }
  if (transport === 'tcp') {
    const [, host = '', port] = /^(?:[^@]*@)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? []
    if (host === '') return failed(`'${uri}' names no host`)
    const number = port === undefined ? tcpPort : Number(port)
    if (number < 1 || number > 65_535) return failed(`'${uri}': expected a port in 1..65535`)
    return ok({ transport: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: number, open })
  }
  return ok({ transport: 'library', open: uri })
}

/** Parameters that concern the way there stay here; the others belong to the driver. */
const ours: ReadonlySet<string> = new Set([
  'name',
  'socket',
  'mode',
  'command',
  'auth',
  'netcat',
  'keyfile',
  'no_verify',
  'no_tty',
  'pkipath',
])

function remoteUri(driver: string, path: string, parameters: ReadonlyMap<string, string>): string {
  const rest = [...parameters].filter(([key]) => !ours.has(key))
  const query = rest.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')
  return `${driver}://${path}${query === '' ? '' : `?${query}`}`
}

function parseQuery(query: string): ReadonlyMap<string, string> | undefined {
  try {
    const pairs = query.split(/[&;]/).filter((pair) => pair !== '')
    return new Map(
      pairs.map((pair) => {
        const at = pair.indexOf('=')
        return at < 0 ? [pair, ''] : [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))]
      }),
    )
  } catch {
    return undefined
  }
}
