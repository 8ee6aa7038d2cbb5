import fs from 'node:fs/promises'
import path from 'node:path'
import { failed, ok, type Result } from '@quorate/base'
import { usableCib } from '@quorate/cib'
import { parseXml, xmlErrorText } from '@quorate/xml'
import type { ClusterSource } from './cluster-source.ts'

const refusal = { rc: -1, text: 'a file can be looked at only' }

/** A CIB in a file, read once: to be looked at and asked about. What is wrong with it is answered as a sentence. */
export async function cibFile(file: string): Promise<Result<ClusterSource, string>> {
  let text: string
  try {
    text = await fs.readFile(file, 'utf8')
  } catch (error) {
    return failed(`${file}: ${(error as Error).message}`)
  }
  const parsed = parseXml(text)
  if (!parsed.ok) return failed(xmlErrorText(parsed.error, file))
  const cib = parsed.value
  if (cib.name !== 'cib') return failed(`${file}: a <cib> is expected, this is a <${cib.name}>`)
  const usable = usableCib(cib)
  if (!usable.ok) return failed(`${file}: ${usable.reason}`)
  return ok({
    kind: 'file',
    name: path.basename(file),
    isWritable: false,
    start: (listener) => listener.seen(cib),
    patch: async () => refusal,
    removeConstraints: async () => refusal,
    forgetAttribute: async () => refusal,
    cleanUp: async () => refusal,
    close: () => undefined,
  })
}
