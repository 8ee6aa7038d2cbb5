import { randomBytes } from 'node:crypto'
import { constants, type Dirent, statfsSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { failed, ok, type Result } from '@quorate/base'
import {
  type CibFileFault,
  cibFaults,
  cibFileNames,
  cibFileText,
  cibForDisk,
  cibFromDisk,
  cibSignature,
  emptyCib,
  isCib,
  nextBackup,
  type SchemaFault,
  verifyCibFile,
} from '@quorate/cib'
import { parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import type { CibDisk, StoredCib } from '../cib-manager/cib-service.ts'

/** Pause before a failed write is tried again, in milliseconds. */
export const rewriteDelayMs = 5000
/** Room that a change must leave on the disk beside the files themselves, in bytes. */
export const roomReserveBytes = 64 * 1024
/** Code of a CIB that this user may not read or write: -EACCES. */
const noAccess = -13

/** What a store is made of. */
export type CibStoreOptions = {
  /** Folder of the files, `/var/lib/pacemaker/cib` of the machine. */
  readonly folder: string
  /** Owner of what is written, where this process may choose it. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  readonly localTime: () => string
  /** In what a CIB does not conform to its schema; empty where it does. */
  readonly faultsIn: (cib: XmlElement) => readonly SchemaFault[]
  readonly log: (level: 'error' | 'warning' | 'notice' | 'info', text: string) => void
  /** How the last write came out. */
  readonly written: (outcome: 'stored' | 'full' | 'failed') => void
}

/**
 * The CIB's files (behaviour/pacemaker-daemons.md 1.9). A write goes to new files, is synced, checked and then renamed
 * over the old ones, of which a numbered backup stays. Writes that come while one is running become one.
 */
export class CibStore implements CibDisk {
  readonly #options: CibStoreOptions
  #next: { cib: XmlElement; readonly done: Promise<void>; readonly finish: () => void } | undefined
  #isWriting = false
  #retry: NodeJS.Timeout | undefined
  #writtenBytes = 0

  constructor(options: CibStoreOptions) {
    this.#options = options
  }

  /** Reads the newest usable file; an empty CIB where there is none. What cannot be used is moved aside, never lost. */
  async read(): Promise<StoredCib> {
    const { folder, log, owner } = this.#options
    try {
      await fs.mkdir(folder, { recursive: true, mode: 0o750 })
      if (owner !== undefined) await fs.chown(folder, owner.uid, owner.gid)
      await fs.access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    } catch (error) {
      log('error', `CIB folder ${folder} cannot be used: ${reason(error)}`)
      return { cib: emptyCib(0), status: noAccess, faults: [] }
    }
    const current = await this.#readFile(cibFileNames.document, cibFileNames.signature)
    if (current.ok) return this.#accepted(current.value, cibFileNames.document)
    if (current.error.isDenied) {
      log('error', `${path.join(folder, cibFileNames.document)}: ${current.error.text}`)
      return { cib: emptyCib(0), status: noAccess, faults: [] }
    }
    if (!current.error.isMissing) {
      const name = await this.#moveAside(current.error.text)
      log('error', `${path.join(folder, cibFileNames.document)} cannot be used and was kept as ${name}`)
    }
    return this.#readBackups()
  }

  /** Writes the CIB; resolves when it, or a later one, is on disk or could not be put there. @throws never */
  persist(cib: XmlElement): Promise<void> {
    if (this.#next === undefined) {
      let finish: () => void = () => undefined
      const done = new Promise<void>((resolve) => {
        finish = resolve
      })
      this.#next = { cib, done, finish }
    }
    this.#next.cib = cib
    const { done } = this.#next
    if (!this.#isWriting) void this.#drain()
    return done
  }

  /** Whether there is room for a change of that many bytes. True when the system does not tell. */
  hasRoom(changeBytes: number): boolean {
    try {
      const { bavail, bsize } = statfsSync(this.#options.folder)
      return bavail * bsize >= 2 * this.#writtenBytes + changeBytes + roomReserveBytes
    } catch {
      return true
    }
  }

  /** Waits for what is being written, and tries no more. */
  async close(): Promise<void> {
    clearTimeout(this.#retry)
    await this.#next?.done
    while (this.#isWriting) await new Promise((resolve) => setImmediate(resolve))
  }

  async #drain(): Promise<void> {
    this.#isWriting = true
    clearTimeout(this.#retry)
    for (let job = this.#next; job !== undefined; job = this.#next) {
      this.#next = undefined
      try {
        await this.#write(job.cib)
        this.#options.written('stored')
      } catch (error) {
        const isFull = hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')
        this.#options.log('error', `Could not write the CIB to ${this.#options.folder}: ${reason(error)}; trying again`)
        this.#options.written(isFull ? 'full' : 'failed')
        const { cib } = job
        this.#retry = setTimeout(() => {
          if (this.#next === undefined) void this.persist(cib)
        }, rewriteDelayMs)
        this.#retry.unref()
      }
      job.finish()
    }
    this.#isWriting = false
  }

  async #write(cib: XmlElement): Promise<void> {
    const bare = cibForDisk(cib, this.#options.localTime())
    const text = cibFileText(bare)
    const suffix = randomBytes(3).toString('hex')
    const document = `cib.${suffix}`
    const signature = `cib.${suffix}.sig`
    try {
      await this.#writeFile(document, text)
      await this.#writeFile(signature, cibSignature(bare))
      const check = verifyCibFile(
        await fs.readFile(this.#path(document), 'utf8'),
        await fs.readFile(this.#path(signature), 'utf8'),
      )
      if (!check.ok) throw new Error(`what was written does not read back: ${faultText(check.error, document)}`)
      await this.#backUp()
      await fs.rename(this.#path(signature), this.#path(cibFileNames.signature))
      await fs.rename(this.#path(document), this.#path(cibFileNames.document))
      await this.#syncFolder()
      this.#writtenBytes = text.length
    } catch (error) {
      await fs.rm(this.#path(document), { force: true })
      await fs.rm(this.#path(signature), { force: true })
      throw error
    }
  }

  /** Keeps the files that are there under the next number, unless somebody has edited them behind our back. */
  async #backUp(): Promise<void> {
    const current = await this.#readFile(cibFileNames.document, cibFileNames.signature)
    if (!current.ok) {
      if (current.error.isMissing) return
      const name = await this.#moveAside(current.error.text)
      this.#options.log('error', `cib.xml was manually modified while the cluster was active; kept as ${name}`)
      return
    }
    const counter = await fs.readFile(this.#path(cibFileNames.counter), 'utf8').catch(() => undefined)
    const { number, counterAfter } = nextBackup(counter)
    await this.#link(cibFileNames.document, cibFileNames.backup(number))
    await this.#link(cibFileNames.signature, cibFileNames.backupSignature(number))
    await this.#writeFile(cibFileNames.counter, counterAfter)
  }

  async #link(from: string, to: string): Promise<void> {
    await fs.rm(this.#path(to), { force: true })
    await fs.link(this.#path(from), this.#path(to)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error
    })
  }

  async #writeFile(name: string, text: string): Promise<void> {
    const handle = await fs.open(this.#path(name), 'w', 0o600)
    try {
      const { owner } = this.#options
      if (owner !== undefined) await handle.chown(owner.uid, owner.gid)
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async #syncFolder(): Promise<void> {
    const handle = await fs.open(this.#options.folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async #readBackups(): Promise<StoredCib> {
    const { folder, log } = this.#options
    const names = (await fs.readdir(folder, { withFileTypes: true })).filter(isBackup).map((entry) => entry.name)
    const dated = await Promise.all(
      names.map(async (name) => ({ name, mtimeMs: (await fs.stat(this.#path(name))).mtimeMs })),
    )
    dated.sort((a, b) => b.mtimeMs - a.mtimeMs)
    if (dated.length > 0) log('warning', 'Primary configuration corrupt or unusable, trying backups')
    for (const { name } of dated) {
      const backup = await this.#readFile(name, `${name}.sig`)
      if (backup.ok) return this.#accepted(backup.value, name)
      log('warning', `${this.#path(name)}: ${backup.error.text}`)
    }
    log('notice', 'Starting with an empty configuration')
    return { cib: emptyCib(0), status: 0, faults: [] }
  }

  async #accepted(root: XmlElement, name: string): Promise<StoredCib> {
    const cib = cibFromDisk(root)
    if (this.#options.faultsIn(cib).length === 0) return { cib, status: 0, faults: [] }
    const file = this.#path(name)
    const faults = await this.#placedFaults(file)
    for (const fault of faults) this.#options.log('error', fault)
    this.#options.log('error', `${file} does not conform to its schema; operations are refused until it is repaired`)
    return { cib, status: cibFaults.schema, faults }
  }

  /** The faults with their lines: the file is read once more, because elements do not remember where they stood. */
  async #placedFaults(file: string): Promise<readonly string[]> {
    const lines = new Map<XmlElement, number>()
    const read = parseXml(await fs.readFile(file, 'utf8'), { lines })
    if (!read.ok) return [xmlErrorText(read.error, file)]
    return this.#options
      .faultsIn(cibFromDisk(read.value))
      .map(({ path, reason, element }) => `${file}:${lines.get(element) ?? 1}: ${path}: ${reason}`)
  }

  async #readFile(name: string, signature: string): Promise<Result<XmlElement, FileFault>> {
    try {
      const text = await fs.readFile(this.#path(name), 'utf8')
      const expected = await fs.readFile(this.#path(signature), 'utf8').catch((error: unknown) => {
        if (!hasCode(error, 'ENOENT')) throw error
        this.#options.log('warning', `${this.#path(signature)} is missing; ${name} is taken without it`)
        return undefined
      })
      const read = verifyCibFile(text, expected)
      if (!read.ok) return failed(unusable(faultText(read.error, name)))
      return isCib(read.value) ? ok(read.value) : failed(unusable(`${name} holds <${read.value.name}>, expected <cib>`))
    } catch (error) {
      return failed({
        text: reason(error),
        isMissing: hasCode(error, 'ENOENT'),
        isDenied: hasCode(error, 'EACCES') || hasCode(error, 'EPERM'),
      })
    }
  }

  /** Renames both files out of the way. Answers the new name of the document. */
  async #moveAside(why: string): Promise<string> {
    const name = `cib.auto.${randomBytes(3).toString('hex')}`
    this.#options.log('error', why)
    await fs.rename(this.#path(cibFileNames.document), this.#path(name))
    await fs.rename(this.#path(cibFileNames.signature), this.#path(`${name}.sig`)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error
    })
    return name
  }

  #path(name: string): string {
    return path.join(this.#options.folder, name)
  }
}

/** Why a file could not be used. */
type FileFault = { readonly text: string; readonly isMissing: boolean; readonly isDenied: boolean }

function unusable(text: string): FileFault {
  return { text, isMissing: false, isDenied: false }
}

function faultText(fault: CibFileFault, name: string): string {
  if (fault.kind === 'unparsable') return xmlErrorText(fault.error, name)
  return `${name} has digest ${fault.found}, expected ${fault.expected}`
}

function isBackup(entry: Dirent): boolean {
  return entry.isFile() && /^cib-\d+\.raw$/.test(entry.name)
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
