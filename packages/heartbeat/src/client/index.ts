export { askMembership, ccmSocket } from './ccm-client.ts'
export { HeartbeatClient, HeartbeatError, heartbeatSocket } from './heartbeat-client.ts'
