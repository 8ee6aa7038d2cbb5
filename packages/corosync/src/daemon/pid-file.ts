import fs from 'node:fs'
import path from 'node:path'

/** The file that names the running daemon. */
export class PidFile {
  readonly #path: string

  constructor(file: string) {
    this.#path = file
  }

  /** The process that the file names, where that still runs and is not this one. */
  owner(): number | undefined {
    let text: string
    try {
      text = fs.readFileSync(this.#path, 'utf8')
    } catch {
      return undefined
    }
    const pid = Number(text.trim())
    if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined
    try {
      process.kill(pid, 0)
      return pid
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : undefined
    }
  }

  write(): void {
    fs.mkdirSync(path.dirname(this.#path), { recursive: true })
    fs.writeFileSync(this.#path, `${process.pid}\n`, { mode: 0o640 })
  }

  remove(): void {
    fs.rmSync(this.#path, { force: true })
  }
}
