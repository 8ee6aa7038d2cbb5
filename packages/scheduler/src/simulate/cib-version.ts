import { attr, type XmlElement } from '@quorate/xml'

/** The version of a CIB while a simulation changes it, counted as the CIB manager does with every update. */
export class CibVersion {
  #epoch: number
  #updates: number
  #isChanged = false

  constructor(cib: XmlElement) {
    this.#epoch = countOf(cib, 'epoch')
    this.#updates = countOf(cib, 'num_updates')
  }

  configurationChanged(): void {
    this.#epoch += 1
    this.#updates = 0
    this.#isChanged = true
  }

  /** Anything but the configuration was changed by one update. */
  statusChanged(): void {
    this.#updates += 1
    this.#isChanged = true
  }

  /** Attributes of the root that are other than they were. */
  changes(): Readonly<Record<string, string>> {
    return this.#isChanged ? { epoch: String(this.#epoch), num_updates: String(this.#updates) } : {}
  }
}

function countOf(cib: XmlElement, name: string): number {
  const count = Number.parseInt(attr(cib, name) ?? '', 10)
  return Number.isNaN(count) ? 0 : count
}
