export { endUnread } from './end-unread.ts'
export {
  FenceLab,
  fenceLabLacks,
  LabChannel,
  LabDaemon,
  labAddress,
  labGuests,
  type Maker,
  type Ran,
  until,
} from './fence/fence-lab.ts'
export {
  dcDeadtimeS,
  hasProgram,
  Lab,
  type LabSettings,
  labMissing,
  patienceMs,
  quorateProgram,
  sharedFolder,
} from './lab.ts'
export { OwnCluster, type OwnClusterSettings } from './own-cluster.ts'
export type { LabOutput } from './program-end.ts'
export { SshHome, SshHost, type SshHostSettings, sshHostLacks } from './ssh-host.ts'
