import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmTicket } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-ticket-'))
const file = path.join(folder, 'cib.xml')
const remark =
  'Schema validation of configuration is disabled (enabling is encouraged and prevents common misconfigurations)\n'
afterAll(() => fs.rmSync(folder, { recursive: true }))

beforeEach(() =>
  fs.writeFileSync(
    file,
    `<cib validate-with="none" crm_feature_set="3.16.1" epoch="1" num_updates="0" admin_epoch="0"><configuration>
<crm_config/><nodes><node id="1" uname="n1"/></nodes><resources/><constraints/></configuration>
<status><tickets><ticket_state id="T" granted="true"/></tickets></status></cib>`,
  ),
)

test('a ticket on which nothing depends that there is, is known', async () => {
  const more = '<constraints><rsc_ticket id="c" ticket="X" rsc="gone"/></constraints>'
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('<constraints/>', more))
  expect((await crm('-w')).out).toBe('T\nX\n')
})

const crm = (...argv: string[]) => tryTool(crmTicket, argv, { env: { CIB_file: file } })

test('that a CIB is held to no schema is told whatever is asked', async () => {
  expect(await crm('-w')).toEqual({ code: 0, out: 'T\n', err: remark })
  expect((await crm('-t', 'T', '-S', 'x', '-v', '1')).err).toBe(remark)
})

test('what the scheduler says of the CIB is told before a line is found wanting', async () => {
  const { err } = await crm('-g', '-V')
  expect(err).toMatch(
    /^Schema .*\n\(unpack_resources\) \terror: .*\n(?:\(.*\n)*crm_ticket: Must supply ticket ID with -t\n$/,
  )
})

test('letters behind -C are no options: a granted ticket is not cleaned up for -Cf', async () => {
  expect((await crm('-t', 'T', '-Cf')).code).toBe(4)
  expect((await crm('-t', 'T', '-C', '-f')).code).toBe(0)
})

const state = () => /<ticket_state .*?\/>/.exec(fs.readFileSync(file, 'utf8'))?.[0]

test('what is both removed and set is set, whichever comes first', async () => {
  await crm('-t', 'T', '-s', '-D', 'standby', '-S', 'a', '-v', '1')
  expect(state()).toBe('<ticket_state id="T" granted="true" standby="true" a="1"/>')
  await crm('-t', 'T', '-D', 'standby', '-a', '-D', 'a')
  expect(state()).toBe('<ticket_state id="T" granted="true" standby="false"/>')
})

test('a name and a value belong together whichever comes first, and another of the same kind takes the place of one', async () => {
  await crm('-t', 'T', '-S', 'x', '-S', 'y', '-v', '1', '-v', '2', '-v', '3', '-S', 'z')
  expect(state()).toBe('<ticket_state id="T" granted="true" y="1" z="3"/>')
  expect(await crm('-t', 'T', '-S', 'x', '-v', '1', '-v', '2')).toEqual({
    code: 64,
    out: '',
    err: `${remark}crm_ticket: Must supply attribute name with -S for -v 2\n`,
  })
  expect((await crm('-t', 'T', '-S', 'x')).err).toBe(`${remark}crm_ticket: Must supply value with -v for -S x\n`)
  expect((await crm('-t', 'T', '-s', '-S', 'x')).err).toContain('Must supply attribute value with -v for -S x\n')
})
