import { parseArgs } from 'node:util'
import { featureSet } from '@quorate/cib'
import { quitPacemakerd } from '@quorate/pacemaker/client'
import { runPacemakerd } from '@quorate/pacemaker/daemon'
import type { Tool } from '../tool.ts'
import { type PacemakerdOption, pacemakerdOptions } from './options.ts'

const version = '2.1.5'
/** What `dc-version` says: whose software leads, in the form `VERSION-BUILD`. */
const dcVersion = `${version}-quorate`
const exitOk = 0
const exitUsage = 64
const exitUnavailable = 69

function line({ short, long, doc }: PacemakerdOption): string {
  return `  -${short}, --${long.padEnd(17)}${doc}`
}

const help = `Usage:
  pacemakerd [OPTION?]

pacemakerd - primary Pacemaker daemon: manages the resources of this node

Application Options:
${pacemakerdOptions.map(line).join('\n')}

QUORATE_ROOT=DIR puts every path and socket below DIR. OCF_RA_PATH=DIR:DIR names the folders of OCF agents.

Example:
  QUORATE_ROOT=/tmp/n1 pacemakerd -f
`

/** pacemakerd(8): the daemon, always in the foreground. */
export const run: Tool = async (argv) => {
  const options = Object.fromEntries(pacemakerdOptions.map(({ long, short, type }) => [long, { type, short }]))
  let given: Readonly<Record<string, string | boolean | undefined>>
  try {
    given = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values as typeof given
  } catch (error) {
    process.stderr.write(`pacemakerd: ${error instanceof Error ? error.message : String(error)}\n${help}`)
    return exitUsage
  }
  if (given['help'] === true) {
    process.stdout.write(help)
    return exitOk
  }
  if (given['version'] === true) {
    process.stdout.write(`Pacemaker ${version} (Quorate)\n`)
    return exitOk
  }
  if (given['features'] === true) {
    process.stdout.write(`Pacemaker ${version} (Build: quorate)\n Supporting v${featureSet}: corosync-ge-2\n`)
    return exitOk
  }
  if (given['shutdown'] === true) return quitRunning()
  return runPacemakerd({ dcVersion, startsOnStandby: given['standby'] === true })
}

/** Asks the daemon of this machine to stop, and answers what it said. */
async function quitRunning(): Promise<number> {
  try {
    return await quitPacemakerd('pacemakerd')
  } catch (error) {
    process.stderr.write(
      `pacemakerd: no pacemakerd answers: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    return exitUnavailable
  }
}
