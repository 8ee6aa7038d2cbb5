import type {
  CfgAdminClient,
  CmapAdminClient,
  CpgProcess,
  QuorumAdminClient,
  VotequorumClient,
  VotequorumHandlers,
} from '../door/admin-clients.ts'
import { IpcCpgClient } from '../door/cpg-client.ts'
import { IpcQuorumClient } from '../door/quorum-client.ts'
import type { CfgHandlers, CpgClient, CpgHandlers, QuorumHandlers, Ring } from '../door/ring-clients.ts'
import type { OpenService } from '../door/service-calls.ts'
import { IpcCfgClient } from './cfg-client.ts'
import { IpcCmapClient } from './cmap-client.ts'
import { openService, tryAgainForMsDefault } from './service-connection.ts'
import { IpcVotequorumClient } from './votequorum-client.ts'

/** Every door of the ring on this host. */
export interface IpcRing extends Ring {
  quorum(handlers: QuorumHandlers): Promise<QuorumAdminClient>
  cmap(onClose: (error: Error) => void): Promise<CmapAdminClient>
  cfg(handlers: CfgHandlers): Promise<CfgAdminClient>
  cpg(handlers: CpgHandlers): Promise<CpgClient & { processes(): Promise<readonly CpgProcess[]> }>
  votequorum(handlers: VotequorumHandlers): Promise<VotequorumClient>
  /** The map of statistics (`stats.*`). */
  cmapStats(onClose: (error: Error) => void): Promise<CmapAdminClient>
  /** As `cfg`, for a program that does not want to be asked before the ring stops. */
  cfgWithoutTracking(onClose: (error: Error) => void): Promise<CfgAdminClient>
}

/**
 * The ring of this host over libqb IPC: this project's corosync or the real one, under the usual names or below
 * `QUORATE_ROOT`. Connects at the first use of each door.
 *
 * `tryAgainForMs`: how long calls and connects are tried again while the ring says CS_ERR_TRY_AGAIN, as it does until
 * it has formed for the first time; default 10 s, 0 for tools that answer at once.
 */
export function connectRing(options: { readonly tryAgainForMs?: number } = {}): IpcRing {
  const tryAgainForMs = options.tryAgainForMs ?? tryAgainForMsDefault
  const open: OpenService = (service, handlers) => openService(service, { ...handlers, tryAgainForMs })
  return {
    cpg: (handlers) => IpcCpgClient.open(handlers, open, process.pid),
    quorum: (handlers) => IpcQuorumClient.open(handlers, open),
    cmap: (onClose) => IpcCmapClient.open('default', { tryAgainForMs, onClose }),
    cmapStats: (onClose) => IpcCmapClient.open('stats', { tryAgainForMs, onClose }),
    cfg: (handlers) => IpcCfgClient.open(handlers, true, tryAgainForMs),
    cfgWithoutTracking: (onClose) =>
      IpcCfgClient.open({ testShutdown: async () => true, onClose }, false, tryAgainForMs),
    votequorum: (handlers) => IpcVotequorumClient.open(handlers, tryAgainForMs),
  }
}
