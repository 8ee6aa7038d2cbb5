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
  type LabOutput,
  type LabSettings,
  labMissing,
  patienceMs,
  quorateProgram,
  sharedFolder,
} from './lab.ts'
export { OwnCluster, type OwnClusterSettings } from './own-cluster.ts'
