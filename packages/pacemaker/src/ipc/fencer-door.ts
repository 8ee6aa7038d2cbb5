import { attr, element, type XmlElement } from '@quorate/xml'
import { ack, ackStatus, type LocalClient } from './local-client.ts'

/** What a message at the fencer's end point comes to. */
export type FencerDoorStep =
  | { readonly kind: 'registered'; readonly name: string; readonly answer: XmlElement }
  /** For who waits on the response ring. */
  | { readonly kind: 'acknowledged'; readonly answer: XmlElement }
  /** On the response ring for a synchronous call, else as an event after an acknowledgement. */
  | { readonly kind: 'result'; readonly isSync: boolean; readonly answer: XmlElement }

const syncCall = 0x1000
/** -ENODEV: there is no device for that. */
const noDevice = -19
/** Execution status "no fence device", and the exit status beside it. */
const statusNoDevice = 10
const exitError = 1

/**
 * Reads a message of a client of `stonith-ng`, for a node that has no fencer: it knows no devices and has fenced nobody,
 * and says so in the form that real clients expect (protocols/pacemaker-ipc.md 4.4).
 */
export function readFencerDoor(client: LocalClient, xml: XmlElement): FencerDoorStep {
  switch (attr(xml, 'st_op')) {
    case 'register': {
      const answer = element('reply', { st_op: 'register', st_clientid: client.id })
      return { kind: 'registered', name: attr(xml, 'st_clientname') ?? client.name, answer }
    }
    case 'st_notify':
      return { kind: 'acknowledged', answer: ack('fencer', ackStatus.ok) }
    case 'st_fence_history':
      return result(client, xml, { status: 0, exit: 0, rc: 0 }, undefined)
    case 'st_query':
      return result(
        client,
        xml,
        { status: 0, exit: 0, rc: 0 },
        element('stonith_query_capable_device_cb', { 'st-available-devices': '0' }),
      )
    case undefined:
      return { kind: 'acknowledged', answer: ack('fencer', ackStatus.protocol) }
    default:
      return result(client, xml, { status: statusNoDevice, exit: exitError, rc: noDevice }, undefined)
  }
}

function result(
  client: LocalClient,
  xml: XmlElement,
  outcome: { readonly status: number; readonly exit: number; readonly rc: number },
  data: XmlElement | undefined,
): FencerDoorStep {
  const options = Number(attr(xml, 'st_callopt') ?? '0') || 0
  const answer = element(
    'st-reply',
    {
      st_origin: 'quorate',
      t: 'stonith-ng',
      'op-status': String(outcome.status),
      'rc-code': String(outcome.exit),
      'exit-reason': outcome.rc === 0 ? undefined : 'No fence devices are configured on this node',
      st_rc: String(outcome.rc),
      st_op: attr(xml, 'st_op'),
      st_callid: attr(xml, 'st_callid'),
      st_clientid: client.id,
      st_clientname: `${client.name}.${client.pid}`,
      st_callopt: String(options),
    },
    data === undefined ? [] : [element('st_calldata', {}, [data])],
  )
  return { kind: 'result', isSync: (options & syncCall) !== 0, answer }
}
