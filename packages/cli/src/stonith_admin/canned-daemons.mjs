// A fencer, a pacemakerd and a CIB manager that answer what the files of a folder say, so that tools can be compared on
// histories and outcomes that no cluster would give when it is asked to. Usage: canned-daemons.mjs FOLDER
//
//   history.xml   <st_execute/>s of the fencer's history; none: no history
//   outcome       attributes of the fencer's answers; none: success; "silent": no answer to requests for fencing
//   cib.xml       the CIB
//   requests.log  what the fencer was asked, a line each (written here)
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { decodeIpcFrame, encodeIpcFrame } from '../../../pacemaker/dist/messages/ipc-frame.js'
import { bzip2Compress, bzip2Decompress, listenIpc } from '../../../qb/dist/index.js'

const folder = process.argv[2]
const bzip2 = { compress: bzip2Compress, decompress: bzip2Decompress }
const waits = 0x200
const [answerFlags, eventFlags] = [0x2_0000, 0x3_0000]

function text(name) {
  const file = path.join(folder, name)
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : ''
}

function serve(name, respond) {
  listenIpc({
    name,
    accept: () => 0,
    onConnect: () => undefined,
    onClose: () => undefined,
    onMessage: (connection, bytes) => {
      const { id, flags, xml } = decodeIpcFrame(bytes, bzip2)
      const frame = (as, answer) => encodeIpcFrame({ id, flags: as, xml: answer }, connection.maxMessageBytes, bzip2)
      const attribute = (wanted) => new RegExp(` ${wanted}="([^"]*)"`).exec(xml)?.[1]
      const answer = (said) => connection.respond(frame(answerFlags, said))
      const event = (said) => connection.event(frame(eventFlags, said))
      respond({ xml, attribute, answer, event, isWaiting: (flags & waits) !== 0 })
    },
  })
}

serve('stonith-ng', ({ xml, attribute, answer, event, isWaiting }) => {
  const op = attribute('st_op')
  if (op === 'register') return answer('<reply st_op="register" st_clientid="client"/>')
  if (op === 'st_notify') return answer('<ack status="0"/>')
  fs.appendFileSync(path.join(folder, 'requests.log'), `${xml}\n`)
  const outcome = text('outcome')
  if (outcome === 'silent') return undefined
  const history = text('history.xml')
  const data = history === '' ? '' : `<st_calldata><st_history>${history}</st_history></st_calldata>`
  const attributes = outcome === '' ? 'op-status="0" rc-code="0" st_rc="0"' : outcome
  const reply = `<st-reply t="stonith-ng" ${attributes} st_op="${op}" st_callid="${attribute('st_callid')}">${data}</st-reply>`
  return isWaiting ? answer(reply) : event(reply)
})

serve('pacemakerd', ({ attribute, answer, event }) => {
  answer('<ack status="112"/>')
  const ping =
    '<ping_response crm_subsystem="pacemakerd" pacemakerd_state="running" crm-timestamp="1795995739" result="ok"/>'
  event(
    `<create_reply_adv t="crmd" version="3.16.1" subt="response" reference="${attribute('reference')}" crm_task="ping" ` +
      `crm_sys_to="${attribute('crm_sys_from')}" crm_sys_from="pacemakerd"><crm_xml>${ping}</crm_xml></create_reply_adv>`,
  )
})

serve('cib_ro', ({ attribute, answer }) => {
  if (attribute('cib_op') === 'register') {
    return answer('<cib_common_callback_worker cib_op="register" cib_clientid="client"/>')
  }
  const data = `<cib_calldata>${text('cib.xml')}</cib_calldata>`
  return answer(
    `<cib-reply t="cib" cib_op="cib_query" cib_callid="${attribute('cib_callid')}" cib_rc="0">${data}</cib-reply>`,
  )
})

fs.writeFileSync(path.join(folder, 'ready'), '')
