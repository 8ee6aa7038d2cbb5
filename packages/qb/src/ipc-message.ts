import { DecodeError, layout } from '@quorate/base'
import { ipcMessageBytesMax } from './ipc-limits.ts'

/** Header of a request (protocols/corosync.md 1.1). */
export const requestHeader = layout(16, [
  { name: 'id', type: 'i32', at: 0, doc: 'what is asked; the service gives the meaning, below zero is libqb itself' },
  { name: 'size', type: 'i32', at: 8, doc: 'bytes of the whole message' },
])

/** Header of an answer or event (protocols/corosync.md 1.1). */
export const responseHeader = layout(24, [
  { name: 'id', type: 'i32', at: 0, doc: 'which answer or event' },
  { name: 'size', type: 'i32', at: 8, doc: 'bytes of the whole message' },
  { name: 'error', type: 'i32', at: 16, doc: 'outcome: a code of the service, or a negative errno of libqb' },
])

/** Ids that libqb keeps for itself. */
export const ipcIds = { authenticate: -1, disconnect: -3 } as const

const connectionRequest = layout(24, [
  { name: 'id', type: 'i32', at: 0, doc: 'authenticate' },
  { name: 'size', type: 'i32', at: 8, doc: '24' },
  { name: 'maxMessageBytes', type: 'u32', at: 16, doc: 'wish for the longest message' },
])

const pathBytes = 4096
const connectionResponse = layout(12_328, [
  { name: 'id', type: 'i32', at: 0, doc: 'authenticate' },
  { name: 'size', type: 'i32', at: 8, doc: '12328' },
  { name: 'error', type: 'i32', at: 16, doc: '0 or a negative errno' },
  { name: 'transport', type: 'i32', at: 24, doc: '0 socket, 1 shared memory' },
  { name: 'maxMessageBytes', type: 'u32', at: 28, doc: 'longest message from now on' },
  { name: 'connection', type: 'i64', at: 32, doc: 'any value' },
  { name: 'requestPath', type: 'text', at: 40, size: pathBytes, doc: 'base of the request ring, or the control file' },
  {
    name: 'responsePath',
    type: 'text',
    at: 4136,
    size: pathBytes,
    doc: 'base of the response ring, or of the sockets',
  },
  { name: 'eventPath', type: 'text', at: 8232, size: pathBytes, doc: 'base of the event ring' },
])

/** Bytes of a connection request. */
export const connectionRequestBytes = connectionRequest.size
/** Bytes of a connection response; also the least message size that a client asks for. */
export const connectionResponseBytes = connectionResponse.size

/** First message of a client: its wish for the longest message, in bytes. */
export function encodeConnectionRequest(maxMessageBytes: number): Uint8Array {
  const out = new Uint8Array(connectionRequest.size)
  connectionRequest.encode(out, { id: ipcIds.authenticate, size: out.byteLength, maxMessageBytes })
  return out
}

/**
 * The client's wish for the longest message, in bytes.
 *
 * @throws DecodeError when the bytes are no connection request or ask for more than the server's limit
 */
export function decodeConnectionRequest(bytes: Uint8Array): number {
  const request = connectionRequest.decode(bytes)
  if (request.id !== ipcIds.authenticate) {
    throw new DecodeError('value', 0, `first message has id ${request.id}, expected ${ipcIds.authenticate}`)
  }
  if (request.size !== connectionRequest.size) {
    throw new DecodeError('value', 8, `connection request of ${request.size} bytes, expected ${connectionRequest.size}`)
  }
  if (request.maxMessageBytes > ipcMessageBytesMax) {
    throw new DecodeError('limit', 16, `wish for messages of ${request.maxMessageBytes}, limit ${ipcMessageBytesMax}`)
  }
  return request.maxMessageBytes
}

/** What a server tells a client that it let in. */
export type Admission = {
  readonly error: 0
  readonly transport: 'shm' | 'socket'
  readonly maxMessageBytes: number
  readonly requestPath: string
  readonly responsePath: string
  readonly eventPath: string
}
/** What a server tells a client; `error` is a negative errno where it does not let it in. */
export type ConnectionResponse = Admission | { readonly error: number }

const transportNumbers = { socket: 0, shm: 1 } as const

export function encodeConnectionResponse(response: ConnectionResponse): Uint8Array {
  const out = new Uint8Array(connectionResponse.size)
  connectionResponse.encode(out, { id: ipcIds.authenticate, size: out.byteLength, error: response.error })
  if ('transport' in response) {
    const { requestPath, responsePath, eventPath, maxMessageBytes } = response
    const transport = transportNumbers[response.transport]
    connectionResponse.encode(out, { transport, maxMessageBytes, requestPath, responsePath, eventPath, connection: 1n })
  }
  return out
}

/** @throws DecodeError when the bytes are no connection response, or name an unknown transport */
export function decodeConnectionResponse(bytes: Uint8Array): ConnectionResponse {
  const response = connectionResponse.decode(bytes)
  if (response.id !== ipcIds.authenticate || response.size !== connectionResponse.size) {
    throw new DecodeError('value', 0, `no connection response: id ${response.id}, size ${response.size}`)
  }
  if (response.error !== 0) return { error: response.error }
  if (response.maxMessageBytes > ipcMessageBytesMax) {
    throw new DecodeError('limit', 28, `messages of ${response.maxMessageBytes}, limit ${ipcMessageBytesMax}`)
  }
  if (response.transport !== 0 && response.transport !== 1) {
    throw new DecodeError('value', 24, `unknown transport ${response.transport}`)
  }
  const { requestPath, responsePath, eventPath, maxMessageBytes } = response
  const transport = response.transport === 1 ? 'shm' : 'socket'
  return { error: 0, transport, maxMessageBytes, requestPath, responsePath, eventPath }
}

/** Bytes of the control file: {queued, flow control} for request, response and event. */
export const controlBytes = 24
/** Words of the control file. */
export const controlWords = { requestsQueued: 0, flowControl: 1, responsesQueued: 2, eventsQueued: 4 } as const
