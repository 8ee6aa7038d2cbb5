import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { hostPath } from '@quorate/qb/host-root'
import { hasOption, lastValue, readToolLine } from '../corosync-tools/tool-line.ts'
import type { Tool } from '../tool.ts'
import { keygenOptions, keygenUsage } from './options.ts'

const usualKeyFile = '/etc/corosync/authkey'
const usualSource = '/dev/urandom'
const sizeDefault = 256
const sizeMin = 128
const sizeMax = 4096
/** Of the new file: its owner reads it, and nobody else. */
const keyMode = 0o400
const exitOk = 0
const exitUsage = 1
const exitUnwritten = 2

/** corosync-keygen(8): makes the key that all nodes of a ring share. */
export const run: Tool = async (argv) => {
  const line = readToolLine('corosync-keygen', argv, keygenOptions)
  if (typeof line === 'string') {
    process.stdout.write('Error parsing command line options.\n')
    return complain(line, exitUsage)
  }
  if (hasOption(line, 'help')) {
    process.stdout.write(keygenUsage)
    return exitOk
  }
  const size = sizeOf(lastValue(line, 'size'))
  if (size === undefined) {
    const what = `corosync-keygen: Unsupported key size (supported <${sizeMin},${sizeMax}>)\n`
    return complain(what, exitUsage)
  }
  const source = lastValue(line, 'random-file') ?? usualSource
  process.stdout.write('Corosync Cluster Engine Authentication key generator.\n')
  process.stdout.write(`Gathering ${size * 8} bits for key from ${source}.\n`)
  let key: Uint8Array
  try {
    key = source === usualSource ? randomBytes(size) : firstBytes(source, size)
  } catch (error) {
    return complain(`corosync-keygen: Failed to open random source: ${textOf(error)}\n`, exitUsage)
  }
  const file = lastValue(line, 'key-file') ?? hostPath(usualKeyFile)
  try {
    write(file, key)
  } catch (error) {
    return complain(`corosync-keygen: Could not create ${file}: ${textOf(error)}\n`, exitUnwritten)
  }
  process.stdout.write(`Writing corosync key to ${file}.\n`)
  return exitOk
}

function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return sizeDefault
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0
  return size >= sizeMin && size <= sizeMax ? size : undefined
}

/** @throws Error where the file cannot be read or has fewer bytes */
function firstBytes(source: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const fd = fs.openSync(source, 'r')
  try {
    for (let at = 0; at < size; ) {
      const count = fs.readSync(fd, bytes, at, size - at, null)
      if (count === 0) throw new Error(`${source} ends after ${at} of ${size} bytes`)
      at += count
    }
    return bytes
  } finally {
    fs.closeSync(fd)
  }
}

/** Beside the old key first, so that a daemon that starts meanwhile finds a whole one. */
function write(file: string, key: Uint8Array): void {
  const fresh = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`)
  try {
    fs.writeFileSync(fresh, key, { mode: keyMode, flag: 'wx', flush: true })
    fs.renameSync(fresh, file)
  } catch (error) {
    fs.rmSync(fresh, { force: true })
    throw error
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function complain(text: string, exitCode: number): number {
  process.stderr.write(text)
  return exitCode
}
