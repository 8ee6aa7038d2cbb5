import { cibFaultsIn } from '@quorate/cib'
import { hostPath, hostRoot } from '@quorate/qb'
import { CibService, type CibServiceOptions } from '../cib-manager/cib-service.ts'
import { daemonIds } from '../client/daemon-user.ts'
import { CibStore } from './cib-store.ts'
import { ctime } from './local-time.ts'
import { processHost } from './process-host.ts'

/** Faults that are told of a CIB on disk that does not conform. */
const faultsToldMax = 5

/** Where files are, and whose. */
export type CibFolder = {
  readonly folder: string
  /** Owner of the files, where this process may choose it. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

/** A CIB manager with its files in a folder. @throws CsError */
export function openCibIn(
  { folder, owner }: CibFolder,
  { messenger, log }: Pick<CibServiceOptions, 'messenger' | 'log'>,
): Promise<CibService> {
  const faultsIn = (cib: Parameters<typeof cibFaultsIn>[0]) => cibFaultsIn(cib, faultsToldMax)
  return CibService.open({
    messenger,
    host: processHost,
    disk: (written) => new CibStore({ folder, owner, localTime: () => ctime(new Date()), faultsIn, log, written }),
    log,
  })
}

/** The CIB manager of this node with its files in their usual place, owned as the C daemons need them. @throws CsError */
export function openCibManager(options: Pick<CibServiceOptions, 'messenger' | 'log'>): Promise<CibService> {
  const { uid, gid } = daemonIds()
  const isRoot = process.getuid?.() === 0
  const owner = isRoot && hostRoot() === undefined && uid !== undefined && gid !== undefined ? { uid, gid } : undefined
  return openCibIn({ folder: hostPath('/var/lib/pacemaker/cib'), owner }, options)
}
