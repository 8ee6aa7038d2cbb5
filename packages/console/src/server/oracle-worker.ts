import { parentPort } from 'node:worker_threads'
import { invariant } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import { Oracle } from '../cluster/question.ts'
import { momentOf, type OracleOrder, type OracleReply } from './oracle-thread.ts'

invariant(parentPort !== null, 'the oracle runs in a thread of the console')
const port = parentPort
const oracle = new Oracle()
let last: XmlElement | undefined

port.on('message', (order: OracleOrder) => {
  last = order.cib ?? last
  port.postMessage(reply(order))
})

function reply({ id, question, nowMs }: OracleOrder): OracleReply {
  try {
    invariant(last !== undefined, 'the first order has a CIB')
    return { id, answer: oracle.answer(last, question, momentOf(nowMs)), fault: undefined }
  } catch (error) {
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { id, answer: undefined, fault }
  }
}
