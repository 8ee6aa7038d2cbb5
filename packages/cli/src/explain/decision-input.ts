import { failed, ok, type Result } from '@quorate/base'
import { exitCodeOf, exitCodes, faultText, usableCib } from '@quorate/cib'
import type { StatusOptions } from '@quorate/scheduler'
import { parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import { openCib } from '../pacemaker/cib-access.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import { readXmlFile } from '../pacemaker/xml-file.ts'

/** A CIB and the moment for which to decide. */
export type DecisionInput = { readonly cib: XmlElement; readonly options: StatusOptions }

/**
 * The CIB to decide on: that of a file, or that which the environment names, or the cluster's. Failures are told on
 * standard error; the answer is then the exit code.
 */
export async function decisionInput(
  tool: string,
  file: string | undefined,
  host: ToolHost,
): Promise<Result<DecisionInput, number>> {
  if (file !== undefined) {
    const read = await readXml(file, 'cib')
    if (read.ok) return decidable(tool, read.value, host, true)
    host.err(`${tool}: ${read.error}\n`)
    return failed(exitCodes.data)
  }
  const opened = await openCib(host, { name: tool, isReadOnly: true })
  if (!opened.ok) {
    host.err(`${tool}: the CIB cannot be reached: ${faultText(opened.rc)}\n`)
    return failed(exitCodeOf(opened.rc))
  }
  const found = await wholeCib(opened.cib)
  await opened.cib.close()
  if ('cib' in found) return decidable(tool, found.cib, host, false)
  host.err(`${tool}: the CIB cannot be read: ${faultText(found.rc)}\n`)
  return failed(exitCodeOf(found.rc))
}

/** With the moment of now, and brought to a schema that the scheduler understands, as `crm_simulate` does. */
function decidable(
  tool: string,
  cib: XmlElement,
  host: ToolHost,
  hasMaskedSecrets: boolean,
): Result<DecisionInput, number> {
  const usable = usableCib(cib)
  for (const note of usable.notes) host.err(`${note}\n`)
  if (usable.ok) {
    const nowSeconds = Math.floor(host.now() / 1000)
    const options = { nowSeconds, utcOffsetSeconds: utcOffsetSeconds(host.now()), hasMaskedSecrets }
    return ok({ cib: usable.cib, options })
  }
  host.err(`${tool}: ${usable.reason}\n`)
  return failed(exitCodes.config)
}

/** A document of that name from a file, or what is wrong with the file. */
export async function readXml(file: string, name: string): Promise<Result<XmlElement, string>> {
  let text: string
  try {
    text = await readXmlFile(file)
  } catch (error) {
    return failed((error as Error).message)
  }
  const parsed = parseXml(text)
  if (!parsed.ok) return failed(xmlErrorText(parsed.error, file))
  if (parsed.value.name !== name) return failed(`${file}: a <${name}> is expected, this is a <${parsed.value.name}>`)
  return ok(parsed.value)
}
