import fs from 'node:fs'
import path from 'node:path'
import type { Tool } from '../tool.ts'

const usage = `Usage: quorate install-tools [--force] DIR

Links every tool into DIR under its usual name, so that scripts and people find it where they expect it.

Options:
  --force   replace files of those names that are not our links
  --help    this text

Example:
  quorate install-tools ~/bin
`

/**
 * Links every tool but this one into a folder. A file of another owner in the way stops the whole installation before
 * the first link is made.
 *
 * @param names the tools' names
 */
export function installTools(names: readonly string[]): Tool {
  return async (argv) => {
    if (argv.includes('--help') || argv.includes('-h')) {
      process.stdout.write(usage)
      return 0
    }
    const folder = argv.find((word) => !word.startsWith('-'))
    const unknown = argv.find((word) => word.startsWith('-') && word !== '--force')
    if (folder === undefined || unknown !== undefined) {
      process.stderr.write(unknown === undefined ? usage : `install-tools: unknown option '${unknown}'\n`)
      return 64
    }
    const program = fs.realpathSync(process.argv[1] ?? '')
    fs.mkdirSync(folder, { recursive: true })
    const links = names.map((name) => path.join(folder, name))
    const inTheWay = links.filter((link) => !isFreeOrOurs(link, program))
    if (inTheWay.length > 0 && !argv.includes('--force')) {
      for (const link of inTheWay) process.stderr.write(`install-tools: ${link} exists and is not our link\n`)
      process.stderr.write('install-tools: nothing was changed; --force replaces them\n')
      return 73
    }
    for (const link of links) {
      fs.rmSync(link, { force: true })
      fs.symlinkSync(program, link)
    }
    process.stdout.write(`${links.length} tools linked in ${folder}\n`)
    return 0
  }
}

function isFreeOrOurs(link: string, program: string): boolean {
  const stat = fs.lstatSync(link, { throwIfNoEntry: false })
  if (stat === undefined) return true
  return stat.isSymbolicLink() && path.resolve(path.dirname(link), fs.readlinkSync(link)) === program
}
