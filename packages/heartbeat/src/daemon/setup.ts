import { createHmac } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { hostPath } from '@quorate/qb'
import { type HaCf, haCfBytesMax, parseHaCf } from '../conf/ha-cf.ts'
import { authKeysBytesMax, authKeysModeRefused, parseAuthKeys } from '../wire/auth-keys.ts'
import { Authentication } from '../wire/authentication.ts'

const folder = '/etc/ha.d'

/** A configuration that cannot be used; the message says where and why. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** Reads ha.cf, and refuses what else in its folder would have to be obeyed. @throws ConfigurationError */
export function readHaCf(self = os.hostname()): HaCf {
  const file = hostPath(`${folder}/ha.cf`)
  const parsed = parseHaCf(readText(file, haCfBytesMax))
  if (!parsed.ok) throw new ConfigurationError(`${file}: ${parsed.error}`)
  const conf = parsed.value
  if (!conf.nodes.includes(self) && conf.autojoin !== 'any') {
    throw new ConfigurationError(`${file}: this node, ${self}, is in no node line, and autojoin is not any`)
  }
  refuseResources()
  return conf
}

/** Resources of release 1 are not managed here: a node that left them alone would look like one that holds none. */
function refuseResources(): void {
  const file = hostPath(`${folder}/haresources`)
  if (!fs.existsSync(file)) return
  const line = readText(file, haCfBytesMax)
    .split('\n')
    .findIndex((text) => text.replace(/#.*$/, '').trim() !== '')
  if (line >= 0) {
    throw new ConfigurationError(`${file}: line ${line + 1}: resources of haresources are not supported by this daemon`)
  }
}

/** Reads authkeys, which must be the owner's alone. @throws ConfigurationError */
export function readAuthentication(): Authentication {
  const file = hostPath(`${folder}/authkeys`)
  const content = readText(file, authKeysBytesMax)
  const { mode } = fs.statSync(file)
  if ((mode & authKeysModeRefused) !== 0) {
    throw new ConfigurationError(`${file}: mode 600 is expected, not ${(mode & 0o777).toString(8)}: it holds secrets`)
  }
  const parsed = parseAuthKeys(content)
  if (!parsed.ok) throw new ConfigurationError(`${file}: ${parsed.error}`)
  return new Authentication(parsed.value, (hash, key, data) => createHmac(hash, key).update(data).digest('hex'))
}

function readText(file: string, bytesMax: number): string {
  try {
    const { size } = fs.statSync(file)
    if (size > bytesMax) throw new ConfigurationError(`${file}: at most ${bytesMax} bytes are expected, not ${size}`)
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    throw new ConfigurationError(error instanceof Error ? error.message : String(error))
  }
}
