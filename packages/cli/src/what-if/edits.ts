import { failed, type Result } from '@quorate/base'
import {
  cibCallOptions,
  cibFaultsIn,
  exitCodeOf,
  exitCodes,
  faultText,
  performCall,
  type SchemaFault,
  usableCib,
} from '@quorate/cib'
import { parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { readXml } from '../explain/decision-input.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import { readXmlFile } from '../pacemaker/xml-file.ts'

/** Changes of the configuration, as cibadmin calls them, and what they are to the CIB manager. */
const editOperations = {
  patch: 'cib_apply_diff',
  modify: 'cib_modify',
  create: 'cib_create',
  replace: 'cib_replace',
  delete: 'cib_delete',
} as const

type EditOption = keyof typeof editOperations

/** One of these changes as it was given. */
export type Edit = { readonly option: EditOption; readonly value: string }

export function isEdit(name: string): name is EditOption {
  return Object.hasOwn(editOperations, name)
}

/** What is asked to be changed in a configuration. */
export type Edits = {
  /** In the order in which they are made. */
  readonly edits: readonly Edit[]
  /** Section that they are for. */
  readonly scope: string
  /** File with a CIB that is there instead. */
  readonly 'new-cib'?: string | undefined
}

type Change = {
  readonly op: (typeof editOperations)[EditOption]
  readonly data: XmlElement
  readonly section: string | undefined
}

/** The changes asked for in the order in which they are made, or the exit code where one cannot be read. */
async function changesOf({ edits, scope }: Edits, host: ToolHost): Promise<readonly Change[] | number> {
  const changes: Change[] = []
  for (const { option, value } of edits) {
    const data = await editData(option, value)
    if (!data.ok) return complain(host, data.error)
    const section = option === 'patch' ? undefined : scope
    changes.push({ op: editOperations[option], data: data.value, section })
  }
  return changes
}

/** What is to be put in, from an argument or from the file that it names; what is wrong with it otherwise. */
async function editData(option: EditOption, value: string): Promise<Result<XmlElement, string>> {
  if (option === 'patch') return readXml(value, 'diff')
  const isText = value.trimStart().startsWith('<')
  let text = value
  if (!isText) {
    try {
      text = await readXmlFile(value)
    } catch (error) {
      return failed(`--${option} wants XML, or a file with it: ${(error as Error).message}`)
    }
  }
  const parsed = parseXml(text)
  return parsed.ok ? parsed : failed(xmlErrorText(parsed.error, isText ? 'argument' : value))
}

function complain(host: ToolHost, text: string): number {
  host.err(`what-if: ${text}\n`)
  return exitCodes.data
}

/** How many faults are told of a change that would be refused. */
const faultsShown = 3

/** The CIB with the changes asked for, or the exit code where one is refused: as the CIB manager would refuse it. */
export async function changedCib(cib: XmlElement, values: Edits, host: ToolHost): Promise<XmlElement | number> {
  let changed = cib
  const file = values['new-cib']
  if (file !== undefined) {
    const read = await readXml(file, 'cib')
    if (!read.ok) return complain(host, read.error)
    const usable = usableCib(read.value)
    for (const note of usable.notes) host.err(`${note}\n`)
    if (!usable.ok) {
      host.err(`what-if: ${file}: ${usable.reason}\n`)
      return exitCodes.config
    }
    changed = usable.cib
  }
  const changes = await changesOf(values, host)
  if (typeof changes === 'number') return changes
  for (const { op, data, section } of changes) {
    const options = cibCallOptions.canCreate
    const call = section === undefined ? { op, data, options } : { op, section, data, options }
    let faults: readonly SchemaFault[] = []
    const outcome = performCall(changed, call, {
      isValid: (made) => {
        faults = cibFaultsIn(made, faultsShown)
        return faults.length === 0
      },
    })
    if (outcome.rc !== 0) {
      host.err(`what-if: the change would be refused: ${faultText(outcome.rc)}\n`)
      for (const { path, reason } of faults) host.err(`what-if:   ${path}: ${reason}\n`)
      return exitCodeOf(outcome.rc)
    }
    changed = outcome.cib
  }
  return changed
}
