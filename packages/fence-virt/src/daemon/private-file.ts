import { chmodSync, statSync } from 'node:fs'

/**
 * Takes everybody else's rights away from a file that holds secrets, and tells so. A file that is not there is left to
 * those who read it.
 */
export function makePrivate(file: string, tell: (text: string) => void): void {
  const mode = modeOf(file)
  if (mode === undefined || (mode & 0o077) === 0) return
  tell(`Insecure permissions on file '${file}': changing from ${octal(mode)} to 0600.`)
  chmodSync(file, 0o600)
}

function modeOf(file: string): number | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  return found?.isFile() === true ? found.mode & 0o7777 : undefined
}

function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`
}
