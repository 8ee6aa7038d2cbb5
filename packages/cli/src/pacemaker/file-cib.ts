import fs from 'node:fs'
import path from 'node:path'
import {
  type CibCall,
  cibFaults,
  cibFileNames,
  cibFileText,
  cibSignature,
  isRestricted,
  performCall,
  type Requester,
} from '@quorate/cib'
import { attr, child, parseXml, withAttributes, withChildren, type XmlElement, xmlErrorText } from '@quorate/xml'
import type { CibAccess, CibAnswer, OpenedCib } from './cib-source.ts'
import type { ToolHost } from './tool-host.ts'
import { invalidLines, isValidCib } from './validation.ts'
import { readXmlFile } from './xml-file.ts'

/** Directory of the cluster's own CIB: a file changed there keeps its signature. */
const liveFolder = '/var/lib/pacemaker/cib'

/**
 * Opens a CIB in a file. What is wrong with a file that cannot be read is said on the error output, with its place.
 *
 * @param user on whose behalf; left out: whoever may read the file may do everything
 * @returns as codes: -6 no such file, -203 not well formed or not valid
 */
export async function openFileCib(file: string, host: ToolHost, user?: string): Promise<OpenedCib> {
  let text: string
  try {
    text = await readXmlFile(file)
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    return { ok: false, rc: code === 'EACCES' ? cibFaults.denied : cibFaults.noSuchObject }
  }
  const lines = new Map<XmlElement, number>()
  const sections = new Set<XmlElement>()
  const read = parseXml(text, { lines, sections })
  if (!read.ok) {
    host.err(`${xmlErrorText(read.error, file)}\n`)
    return { ok: false, rc: cibFaults.schema }
  }
  const cib = withStatus(read.value)
  const faults = invalidLines(cib, file, lines, sections)
  if (faults.length > 0) {
    host.err(faults.map((line) => `${line}\n`).join(''))
    return { ok: false, rc: cibFaults.schema }
  }
  return { ok: true, cib: new FileCib(file, cib, user) }
}

/** A file need not have a status section; and one that claims no schema is held to none. */
function withStatus(cib: XmlElement): XmlElement {
  const claimed = attr(cib, 'validate-with') === undefined ? withAttributes(cib, { 'validate-with': 'none' }) : cib
  if (cib.name !== 'cib' || child(cib, 'status') !== undefined) return claimed
  return withChildren(claimed, [...claimed.children, { name: 'status', attributes: [], children: [], text: '' }])
}

class FileCib implements CibAccess {
  readonly isFile = true
  readonly #file: string
  #cib: XmlElement
  #isChanged = false
  readonly #user: string | undefined

  constructor(file: string, cib: XmlElement, user: string | undefined) {
    this.#file = file
    this.#user = user
    this.#cib = cib
  }

  async perform(call: CibCall): Promise<CibAnswer> {
    const done = performCall(this.#cib, call, {
      isValid: (cib) => isValidCib(cib),
      requester: await requesterIn(this.#cib, this.#user),
    })
    if (done.cib !== this.#cib) this.#isChanged = true
    this.#cib = done.cib
    return { rc: done.rc, output: done.output }
  }

  async close(): Promise<number> {
    if (!this.#isChanged) return 0
    this.#isChanged = false
    try {
      replaceFile(this.#file, cibFileText(this.#cib))
      if (path.dirname(path.resolve(this.#file)) === liveFolder) {
        replaceFile(path.join(liveFolder, cibFileNames.signature), cibSignature(this.#cib))
      }
      return 0
    } catch {
      return -5
    }
  }
}

/** Groups of the system are asked only where ACLs count: what asks them takes as long to load as many a tool. */
async function requesterIn(cib: XmlElement, user: string | undefined): Promise<Requester | undefined> {
  if (!isRestricted(cib, user)) return undefined
  const { isListedIn } = await import('@quorate/pacemaker/client')
  return { user, isInGroup: isListedIn }
}

/** Writes a file as a whole or not at all, with the rights that it had. */
function replaceFile(file: string, text: string): void {
  const target = fs.existsSync(file) ? fs.realpathSync(file) : file
  const draft = `${target}.${process.pid}.new`
  const before = fs.statSync(target, { throwIfNoEntry: false })
  try {
    fs.writeFileSync(draft, text, { mode: (before?.mode ?? 0o600) & 0o777, flush: true })
    if (before !== undefined && process.getuid?.() === 0) fs.chownSync(draft, before.uid, before.gid)
    fs.renameSync(draft, target)
  } finally {
    fs.rmSync(draft, { force: true })
  }
}
