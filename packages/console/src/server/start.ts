import fs from 'node:fs'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import type { ConnectRequest, Fleet as FleetView, Role } from '../api/index.ts'
import { consoleApp } from './app.ts'
import type { ClusterSource } from './cluster-source.ts'
import { Fleet } from './fleet.ts'
import type { Thinker } from './oracle-thread.ts'
import { dropStaleTokens, dropTokens, keepTokens, newTokens } from './token-file.ts'
import { webFiles } from './web-files.ts'

/** What a console is started with. */
export type ConsoleOptions = {
  /** The cluster of this machine, or of a file; left out: there is none. */
  readonly source?: ClusterSource
  /** Clusters to connect to at once. */
  readonly connect?: readonly ConnectRequest[]
  /** Whether clusters of one member are connected to. */
  readonly takesOneMember?: boolean
  /** Fingerprints of keys of its hosts that are accepted without being asked. */
  readonly acceptedKeys?: ReadonlySet<string>
  /** File of the host keys that are kept; left out: the console's own. */
  readonly knownHosts?: string
  /** Told of each change of the clusters in short. */
  readonly onClusters?: (fleet: FleetView) => void
  /** Address and port to listen on; port 0: any that is free. */
  readonly address: string
  readonly port: number
  /** The highest role that can log in. */
  readonly role: Role
  /** Folder of the built web files; left out: beside this file. */
  readonly webFolder?: string
  /** Who thinks; left out: a thread of its own for each cluster. */
  readonly thinker?: Thinker
  readonly now?: () => number
}

/** A console that runs. */
export type RunningConsole = {
  /** Where it listens. */
  readonly url: string
  /** Addresses that log in, by role. */
  readonly addresses: ReadonlyMap<Role, string>
  /** File with the same, readable by this user only. */
  readonly tokenFile: string
  /** False where there are no web files: only the API is served. */
  readonly hasWeb: boolean
  readonly close: () => Promise<void>
}

/** All of a console but its socket: for tests. */
export function consoleParts(
  options: Pick<ConsoleOptions, 'source' | 'role' | 'thinker' | 'now' | 'webFolder' | 'knownHosts' | 'takesOneMember'>,
) {
  const now = options.now ?? Date.now
  const fleet = new Fleet({
    thinker: options.thinker,
    now,
    knownHosts: options.knownHosts,
    takesOneMember: options.takesOneMember,
  })
  const { source } = options
  const kind = source?.kind === 'file' ? 'file' : 'local'
  const local = source === undefined ? undefined : fleet.add(source, kind, kind)
  const tokens = newTokens(options.role)
  const files = webFiles(options.webFolder ?? fileURLToPath(new URL('../web/', import.meta.url)))
  const close = async (): Promise<void> => {
    await fleet.close()
    await options.thinker?.close()
  }
  return { fleet, local, tokens, files, now, version: productVersion(), close }
}

/** Starts a console. @throws Error where it cannot listen, or keep its tokens */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const parts = consoleParts(options)
  const isLoopback = isLoopbackAddress(options.address)
  const made: { fetch?: (request: Request) => Response | Promise<Response> } = {}
  const { server, port } = await listen(
    options,
    (request) => made.fetch?.(request) ?? new Response(null, { status: 503 }),
  )
  const app = consoleApp({ ...parts, cookie: `quorate-${port}`, isLoopback })
  made.fetch = (request) => app.fetch(request)
  const host = options.address.includes(':') ? `[${options.address}]` : options.address
  const url = `http://${host}:${port}`
  const addresses = new Map([...parts.tokens].map(([role, token]) => [role, `${url}/#token=${token}`]))
  let tokenFile: string
  try {
    if (options.onClusters !== undefined) parts.fleet.onChange = options.onClusters
    parts.local?.picture.start()
    for (const request of options.connect ?? []) {
      const begun = parts.fleet.connect(request, options.acceptedKeys)
      if (!begun.ok) throw new Error(begun.error.detail)
    }
    await dropStaleTokens()
    tokenFile = keepTokens(port, addresses)
  } catch (error) {
    await parts.close()
    server.close()
    throw error
  }
  const close = async (): Promise<void> => {
    dropTokens(tokenFile)
    await parts.close()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
  return { url, addresses, tokenFile, hasWeb: parts.files.has('/index.html'), close }
}

function listen(
  { address, port }: ConsoleOptions,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: address, port }, (info) => {
      server.off('error', reject)
      resolve({ server, port: info.port })
    }) as Server
    server.once('error', reject)
  })
}

/** Whether only this machine can reach an address. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address === 'localhost' || /^127(\.\d{1,3}){3}$/.test(address)
}

/** The product's version. */
function productVersion(): string {
  const text = fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
