export { type DaemonOptions, runCorosync, testConfiguration } from './corosync-daemon.ts'
export { exitCodes } from './exit-codes.ts'
export { usualConfigFile } from './setup.ts'
