import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { attr, parseXml } from '@quorate/xml'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cibadmin } from '../cibadmin/main.ts'
import { tryTool } from './tool-trial.ts'
import { xmlText } from './xml-text.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-text-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

test.each([
  ['at the start', [0xe4], 9],
  ['behind other characters', [...Buffer.from('\ufffd\u20ac'), 0xe4], 11],
  ['cut short', [0xe2, 0x82], 9],
])('bytes that are not UTF-8 are refused with the place behind the first: %s', (_, value, column) => {
  const bytes = Buffer.concat([Buffer.from('<a>\n<b x="n'), Buffer.from(value), Buffer.from('"/></a>')])
  const error = { line: 2, column, reason: 'disallowed character' }
  expect(parseXml(xmlText(bytes))).toEqual({ ok: false, error })
})

const big = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
const little = (text: string): Buffer => Buffer.from(text, 'utf16le')
const declaring = (encoding: string): string => `<?xml version="1.0" encoding="${encoding}"?>`

test.each([
  ['of the lesser byte first', little('\ufeff<a x="\u00e4\u{1f600}"/>')],
  ['of the greater byte first', big('\ufeff<a x="\u00e4\u{1f600}"/>')],
  ['with a declaration', little(`\ufeff${declaring('UTF-16')}<a x="\u00e4\u{1f600}"/>`)],
  ['that is said to be UTF-8', big(`\ufeff${declaring('utf-8')}<a x="\u00e4\u{1f600}"/>`)],
  ['without a mark', big(`${declaring('UTF-16BE')}<a x="\u00e4\u{1f600}"/>`)],
  ['of the lesser byte first, without a mark', little(`${declaring('UTF-16')}<a x="\u00e4\u{1f600}"/>`)],
])('UTF-16 is known by its beginning: %s', (_, bytes) => {
  const read = parseXml(xmlText(bytes))
  expect(read.ok && attr(read.value, 'x')).toBe('\u00e4\u{1f600}')
})

test.each([
  ['half a character', little('\ufeff<a>\n<b x="n\ud83d"/></a>'), { line: 2, column: 9 }],
  ['half a unit', Buffer.concat([little('\ufeff<a/>\n'), Buffer.from('\n')]), { line: 2, column: 2 }],
])('UTF-16 with %s is refused with the place behind it', (_, bytes, place) => {
  expect(parseXml(xmlText(bytes))).toEqual({ ok: false, error: { ...place, reason: 'disallowed character' } })
})

test.each([
  ['UTF-16', latin1(`${declaring('UTF-16')}<a/>`), "encoding 'UTF-16' is declared, but the document is in another"],
  [
    'latin1',
    little(`\ufeff${declaring('latin1')}<a/>`),
    "encoding 'latin1' is declared, but the document is in UTF-16",
  ],
])('a document that cannot be in the encoding that it declares is refused: %s', (_, bytes, told) => {
  expect(() => xmlText(bytes)).toThrow(told)
})

test('cibadmin takes a file in the encoding that it declares, and refuses one that is not what it says', async () => {
  const cib =
    '<cib epoch="1" num_updates="0" admin_epoch="0" validate-with="pacemaker-3.9"><configuration><crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>'
  const [file, tags] = [path.join(folder, 'cib.xml'), path.join(folder, 'tags.xml')]
  fs.writeFileSync(file, cib)
  const change = '<node id="1" uname="k\u00f6ln"/>'
  const run = () => tryTool(cibadmin, ['-C', '-o', 'nodes', '-x', tags], { env: { CIB_file: file } })

  fs.writeFileSync(tags, latin1(change))
  expect(await run()).toMatchObject({ code: 78 })
  expect(fs.readFileSync(file, 'utf8')).toBe(cib)

  fs.writeFileSync(tags, latin1(`<?xml version="1.0" encoding="ISO-8859-1"?>${change}`))
  expect(await run()).toMatchObject({ code: 0 })
  expect(fs.readFileSync(file, 'utf8')).toContain('uname="k\u00f6ln"')
})
