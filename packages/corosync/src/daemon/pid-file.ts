import fs from 'node:fs'
import path from 'node:path'

/** The file that names the running daemon. Not a lock: the names of the clients' sockets are that. */
export class PidFile {
  readonly #path: string

  constructor(file: string) {
    this.#path = file
  }

  write(): void {
    fs.mkdirSync(path.dirname(this.#path), { recursive: true })
    fs.writeFileSync(this.#path, `${process.pid}\n`, { mode: 0o640 })
  }

  remove(): void {
    fs.rmSync(this.#path, { force: true })
  }
}
