import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { runCorosync, testConfiguration, usualConfigFile } from '@quorate/corosync/daemon'
import type { Tool } from '../tool.ts'
import { corosyncOptions } from './options.ts'

const version = '3.1.7'
const exitOk = 0
const exitUsage = 1

const help = `usage: corosync [-c FILE] [-f] [-t] [-v]

The Corosync cluster engine: membership, messaging and quorum.

${corosyncOptions.map(({ short, long, doc }) => `        -${short}, --${long.padEnd(12)} ${doc}`).join('\n')}

QUORATE_ROOT=DIR puts every path and socket below DIR, the configuration (${usualConfigFile}) too.

Example:
        QUORATE_ROOT=/tmp/n1 corosync -f
`

/** corosync(8): the daemon. Without -f it goes on in the background. */
export const run: Tool = async (argv) => {
  const options = Object.fromEntries(corosyncOptions.map(({ long, short, type }) => [long, { type, short }]))
  let given: Readonly<Record<string, string | boolean | undefined>>
  try {
    given = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values as typeof given
  } catch (error) {
    process.stderr.write(`corosync: ${error instanceof Error ? error.message : String(error)}\n${help}`)
    return exitUsage
  }
  const file = typeof given['config'] === 'string' ? given['config'] : undefined
  if (given['help'] === true) {
    process.stdout.write(help)
    return exitOk
  }
  if (given['version'] === true) {
    process.stdout.write(`Corosync Cluster Engine, version '${version}' (Quorate)\n`)
    return exitOk
  }
  if (given['test'] === true) return testConfiguration(file)
  if (given['foreground'] === true) return runCorosync({ configFile: file, version: `Quorate, as ${version}` })
  return goToBackground(file)
}

/** Checks the configuration while somebody reads the messages, then starts the daemon on its own. */
async function goToBackground(file: string | undefined): Promise<number> {
  const tested = await testConfiguration(file)
  if (tested !== exitOk) return tested
  const [program = '', ...rest] = process.argv
  const child = spawn(program, [...process.execArgv, ...rest, '-f'], { detached: true, stdio: 'ignore' })
  child.unref()
  return exitOk
}
