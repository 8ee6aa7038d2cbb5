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
  quorateProgram,
  sharedFolder,
} from './lab.ts'
