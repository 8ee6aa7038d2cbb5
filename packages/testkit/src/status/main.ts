#!/usr/bin/env node
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { cibsIn, displays, ourOutput, realOutput } from './displays.ts'

const usage = `Usage: npm run conformance:status -- [--only TEXT] [--list] [FOLDER]

Compares what our status tools print of every CIB in FOLDER (the scheduler suite by default) with what the installed
Pacemaker's print, byte for byte but for the time of the run.

  --only TEXT   only displays whose command line contains TEXT
  --list        name the CIBs that differ
`

/** Compares all displays of all CIBs and prints a table. @returns the exit code: 0 when all agree */
async function main(argv: readonly string[]): Promise<number> {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
  const shared = process.env['QUORATE_SHARED'] ?? path.join(root, '..', 'shared')
  let only = ''
  let isList = false
  let folder = path.join(shared, 'suites', 'scheduler-2.1.5')
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] as string
    if (word === '--only') {
      i += 1
      only = argv[i] ?? ''
    } else if (word === '--list') isList = true
    else if (word.startsWith('-')) {
      process.stdout.write(usage)
      return word === '--help' ? 0 : 64
    } else folder = word
  }
  process.env['TZ'] = 'UTC'
  const files = cibsIn(folder)
  let differing = 0
  for (const display of displays.filter((item) => item.name.includes(only))) {
    const bad: string[] = []
    for (const file of files) {
      if ((await ourOutput(display, file)) !== realOutput(display, file)) bad.push(path.basename(file, '.xml'))
    }
    differing += bad.length
    process.stdout.write(`${display.name.padEnd(30)} ${files.length - bad.length} of ${files.length} equal\n`)
    if (isList) for (const name of bad) process.stdout.write(`  ${name}\n`)
  }
  return differing === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
