import { attr, parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import {
  backupsMax,
  cibFileText,
  cibForDisk,
  cibFromDisk,
  cibSignature,
  nextBackup,
  verifyCibFile,
} from './cib-file.ts'
import { emptyCib } from './empty-cib.ts'

test('what is written is read back with its signature, and a changed byte is found', () => {
  const cib = cibForDisk(emptyCib(3), 'Sun Nov 22 15:31:24 2026')
  const text = cibFileText(cib)
  const signature = cibSignature(cib)
  expect(signature).toMatch(/^[0-9a-f]{32}$/)
  expect(verifyCibFile(text, signature)).toEqual({ ok: true, value: cib })
  expect(verifyCibFile(text, undefined).ok).toBe(true)
  const touched = verifyCibFile(text.replace('epoch="3"', 'epoch="4"'), signature)
  expect(touched.ok || touched.error.kind).toBe('mismatch')
  const cut = verifyCibFile(text.slice(0, 40), signature)
  expect(cut.ok || cut.error.kind).toBe('unparsable')
})

test('the status stays in memory', () => {
  const read = parseXml(
    '<cib epoch="3" num_updates="9" dc-uuid="1"><configuration/><status><node_state id="1"/></status></cib>',
  )
  if (!read.ok) throw new Error(read.error.reason)
  expect(cibFileText(cibForDisk(read.value, undefined))).toBe(
    '<cib epoch="3" num_updates="0" dc-uuid="1">\n  <configuration/>\n</cib>\n',
  )
  const started = cibFromDisk(read.value)
  expect(started.children.map((item) => [item.name, item.children.length])).toEqual([
    ['configuration', 0],
    ['status', 0],
  ])
  expect([attr(started, 'dc-uuid'), attr(started, 'admin_epoch')]).toEqual([undefined, '0'])
  expect(attr(started, 'validate-with')).toBe('none')
})

test('backups go round', () => {
  expect(nextBackup(undefined)).toEqual({ number: 0, counterAfter: '1' })
  expect(nextBackup('41\n')).toEqual({ number: 41, counterAfter: '42' })
  expect(nextBackup(String(backupsMax - 1))).toEqual({ number: backupsMax - 1, counterAfter: '0' })
  for (const text of ['', 'x', '-1', String(backupsMax)]) expect(nextBackup(text).number).toBe(0)
})
