import { getSystemErrorName } from 'node:util'
import { connectVsock, SystemCallError } from '@quorate/qb/ffi'
import { type ExchangeEnd, runExchange } from './exchange.ts'
import { connectionRequest, type NetworkRequest } from './tcp-exchange.ts'

/** Asks a fence_virtd that listens on vsock: CID 2 is the host. */
export async function exchangeOverVsock(
  request: NetworkRequest,
  to: { readonly cid: number; readonly port: number },
): Promise<ExchangeEnd> {
  try {
    const stream = await connectVsock(to.cid, to.port, request.timeoutMs)
    return await runExchange(stream, request.security, connectionRequest(request), request.timeoutMs)
  } catch (error) {
    if (error instanceof SystemCallError) return { kind: 'unreachable', code: getSystemErrorName(-error.errno) }
    throw error
  }
}
