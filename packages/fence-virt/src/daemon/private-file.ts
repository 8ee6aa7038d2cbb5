import { chmodSync, statSync } from 'node:fs'

/** Permissions of a file that holds secrets, and the bits that are others' in it. */
const privateMode = 0o600
const permissions = 0o777
const permissionsOfOthers = 0o077

/**
 * Gives a file that holds secrets the mode 0600, whatever other it has, and tells so, in the words of the C daemon. A
 * file that is not there is left to those who read it.
 *
 * @throws the error of the system where others could read the file and that cannot be changed
 */
export function makePrivate(file: string, tell: (text: string) => void): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isFile() !== true) return
  const mode = found.mode & permissions
  if (mode === privateMode) return
  tell(`Insecure permissions on file '${file}': changing from 0${mode.toString(8)} to 0600.`)
  try {
    chmodSync(file, privateMode)
  } catch (error) {
    if ((mode & permissionsOfOthers) !== 0) throw error
  }
}
