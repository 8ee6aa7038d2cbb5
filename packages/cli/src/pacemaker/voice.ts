import type { XmlElement } from '@quorate/xml'
import type { Output } from './output.ts'

/** Where results and complaints go: printed at once, or gathered for the XML at the end. */
export class Voice {
  readonly #output: Output
  readonly #results: XmlElement[] = []
  readonly #errors: string[] = []

  constructor(output: Output) {
    this.#output = output
  }

  result(text: string, xml: XmlElement | undefined): void {
    if (this.#output.isData) {
      if (xml !== undefined) this.#results.push(xml)
    } else this.#output.host.out(`${text}\n`)
  }

  /** A complaint; without any output there is none either. */
  error(text: string): void {
    if (this.#output.isData) this.#errors.push(text)
    else if (this.#output.format !== 'none') this.#output.host.err(`${text}\n`)
  }

  end(code: number): number {
    return this.#output.end(code, this.#results, this.#errors)
  }
}
