import fs from 'node:fs'
import path from 'node:path'

/** A file for browsers. */
export type WebFile = {
  readonly file: string
  readonly type: string
  /** Its name has the hash of its contents: what it holds never changes. */
  readonly isHashed: boolean
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

/**
 * The files below a folder by their paths in URLs: nothing else is ever read. Files of types that browsers need not have
 * are left out. Empty where the folder is not there.
 */
export function webFiles(folder: string): ReadonlyMap<string, WebFile> {
  if (!fs.existsSync(folder)) return new Map()
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return new Map(
    names.flatMap((name): [string, WebFile][] => {
      const file = path.join(folder, name)
      const type = types[path.extname(name)]
      if (type === undefined || !fs.statSync(file).isFile()) return []
      const url = `/${name.split(path.sep).join('/')}`
      return [[url, { file, type, isHashed: /[-.][\w-]{8,}\.\w+$/.test(name) && url.startsWith('/assets/') }]]
    }),
  )
}
