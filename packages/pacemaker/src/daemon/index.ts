export { daemonExit, type PacemakerdOptions, ringWaitMs, runPacemakerd } from './pacemakerd.ts'
