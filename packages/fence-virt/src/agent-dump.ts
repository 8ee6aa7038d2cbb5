import type { AgentAction, AgentCall } from './agent-call.ts'
import type { AgentName } from './agent-option.ts'
import { defaultGroups } from './daemon-conf.ts'
import { addressFamilies } from './fence-request.ts'
import { hashCode } from './hash.ts'
import { operationCodes } from './operation.ts'

/** Numbers of what the clients do alone, which go on from those of the wire. */
const codes: Readonly<Record<AgentAction, number>> = {
  ...operationCodes,
  'list-status': operationCodes.list,
  metadata: 7,
  'validate-all': 8,
}
const uuidFlag = 16
const mistakeFlag = 4
const modes = { fence_xvm: 0, fence_virt: 2 } as const satisfies Record<AgentName, number>

/** Debugging that is announced. */
const announcedFrom = 3

/**
 * What `-d` shows of a call before it is carried out: the names and numbers of the C programs, which know addresses.
 *
 * @param isMistaken something is wrong, the lack of a domain aside
 */
export function dumpText(
  name: AgentName,
  call: AgentCall,
  family: 'ipv4' | 'ipv6' | undefined,
  isMistaken: boolean,
): string {
  const flags = (call.isUuid ? uuidFlag : 0) | (isMistaken ? mistakeFlag : 0)
  const rows: Readonly<Record<string, string | number | undefined>> = {
    domain: call.domain,
    op: codes[call.action],
    mode: modes[name],
    debug: call.debugLevel,
    timeout: call.timeoutS,
    delay: call.delayS,
    retr_time: call.retransmitTenths,
    flags,
    'net.addr': call.multicastAddress ?? defaultGroups[family ?? 'ipv4'],
    'net.ipaddr': call.ipAddress,
    'net.cid': call.cid ?? 0,
    'net.key_file': call.keyFile,
    'net.port': call.port,
    'net.hash': hashCode(call.hash),
    'net.auth': hashCode(call.auth),
    'net.family': addressFamilies[family ?? 'none'],
    'net.ifindex': 0,
    'serial.device': call.serialDevice,
    'serial.speed': call.serialParameters,
    'serial.address': call.channelAddress,
  }
  const shown = Object.entries(rows).map(([key, value]) => `  args->${key} = ${value ?? '(null)'}\n`)
  const threshold = call.debugLevel < announcedFrom ? '' : `Debugging threshold is now ${call.debugLevel}\n`
  return `${threshold}-- args @ 0x0 --\n${shown.join('')}-- end args --\n`
}
