import fs from 'node:fs'
import path from 'node:path'
import { md5Hex } from '@quorate/base'

/** What stands in the CIB for a value that only files of the node hold (`cibsecret`). */
export const secretValue = 'lrm://'
/** Longest secret that is read, in bytes. */
export const secretBytesMax = 65_536

/**
 * Parameters with their secrets in place: the file PARAMETER in the folder of the resource, where PARAMETER.sign has its MD5.
 * What ends a file in white space is no part of either.
 *
 * @returns undefined where a secret cannot be had, or is not what its digest says
 */
export function withSecrets(
  parameters: ReadonlyMap<string, string>,
  resource: string,
  folder: string,
): ReadonlyMap<string, string> | undefined {
  const names = [...parameters].flatMap(([name, value]) => (value === secretValue ? [name] : []))
  if (names.length === 0) return parameters
  const found = new Map(parameters)
  for (const name of names) {
    // Both names come from the CIB: none may step out of its folder.
    const isPlain = [resource, name].every((part) => !/[/\0]|^\.\.?$/.test(part))
    const secret = isPlain ? readSecret(path.join(folder, resource, name)) : undefined
    if (secret === undefined) return undefined
    found.set(name, secret)
  }
  return found
}

function readSecret(file: string): string | undefined {
  const secret = readText(file)
  const digest = readText(`${file}.sign`)
  return secret !== undefined && digest?.toLowerCase() === md5Hex(Buffer.from(secret)) ? secret : undefined
}

function readText(file: string): string | undefined {
  try {
    if (fs.statSync(file).size > secretBytesMax) return undefined
    return fs.readFileSync(file, 'utf8').trimEnd()
  } catch {
    return undefined
  }
}
