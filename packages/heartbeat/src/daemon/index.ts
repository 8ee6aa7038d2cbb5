export {
  exitCodes,
  type HeartbeatOptions,
  heartbeatVersion,
  pidFile,
  registerSocket,
  runHeartbeat,
} from './heartbeat-daemon.ts'
