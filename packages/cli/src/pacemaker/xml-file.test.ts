import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseXml } from '@quorate/xml'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openXmlFile, readXmlFile } from './xml-file.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-xml-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const room = 256 * 1024

test.each([
  ['nothing', '', 1],
  ['a small document', '<a>é</a>', 1],
  ['a tag that fills the room', `<${'a'.repeat(room - 3)}/>`, 1],
  ['small tags', `<r>\n${'<b x="1"/>\n'.repeat(100_000)}</r>`, 5],
  ['tags with characters of three bytes', `<r>\n${'<b x="€€€"/>\n'.repeat(50_000)}</r>`, 4],
  ['a tag that is larger than the room', `<r><a x="${'1'.repeat(3 * room)}"/>${'<b/>'.repeat(room)}</r>`, 3],
  ['no tag at all', 'x'.repeat(5 * room), 1],
])('%s is read whole, in pieces that end where a tag begins', async (_, text, count) => {
  const file = path.join(folder, 'cib.xml')
  fs.writeFileSync(file, text)
  const pieces = [...(await openXmlFile(file))]
  expect(pieces.join('') === text).toBe(true)
  expect(pieces.slice(1).every((piece) => piece.startsWith('<'))).toBe(true)
  expect(pieces).toHaveLength(count)
  expect((await readXmlFile(file)) === text).toBe(true)
})

test('what cannot be read is told when it is opened or gone through', async () => {
  await expect(openXmlFile(path.join(folder, 'none'))).rejects.toThrow('ENOENT')
  const pieces = await openXmlFile(folder)
  expect(() => [...pieces]).toThrow('EISDIR')
})

test.each([
  ['ISO-8859-1', [0xe4]],
  ['latin1', [0xe4]],
  ['windows-1252', [0xe4]],
  ['UTF-8', [0xc3, 0xa4]],
])('a file is read in the encoding that it declares: %s', async (name, bytes) => {
  const file = path.join(folder, 'cib.xml')
  const declaration = `<?xml version="1.0" encoding='${name}'?>`
  fs.writeFileSync(file, Buffer.concat([Buffer.from(`${declaration}<a x="`), Buffer.from(bytes), Buffer.from('"/>')]))
  expect(await readXmlFile(file)).toBe(`${declaration}<a x="ä"/>`)
})

test('a file in an encoding that is not known is refused with its name', async () => {
  const file = path.join(folder, 'cib.xml')
  fs.writeFileSync(file, '<?xml version="1.0" encoding="klingon"?><a/>')
  await expect(readXmlFile(file)).rejects.toThrow("encoding 'klingon' is not known")
})

test('bytes that are not UTF-8 are refused with their place, and not read as something else', async () => {
  const file = path.join(folder, 'cib.xml')
  const bytes = [Buffer.from('<a>\n<b x="\ufffd'), Buffer.from([0xe4]), Buffer.from('"/></a>')]
  fs.writeFileSync(file, Buffer.concat(bytes))
  const place = { ok: false, error: { line: 2, column: 9, reason: 'disallowed character' } }
  expect(parseXml(await readXmlFile(file))).toEqual(place)
  expect(parseXml(await openXmlFile(file), { isLazy: true })).toEqual(place)
})
