import { element, type XmlElement } from '@quorate/xml'
import type { Output } from '../pacemaker/output.ts'
import type { ToolHost } from '../pacemaker/tool-host.ts'

/** What the tool says: as text at once, or for programs in the end. */
export class Answer {
  readonly #output: Output
  readonly #outer: ToolHost
  readonly #isFancy: boolean
  readonly #results: XmlElement[] = []
  readonly #errors: string[] = []

  /** @param isFancy whether lists have titles as text */
  constructor(output: Output, outer: ToolHost, isFancy: boolean) {
    this.#output = output
    this.#outer = outer
    this.#isFancy = isFancy
  }

  get isData(): boolean {
    return this.#output.isData
  }

  /** Tells people something. */
  say(line: string): void {
    if (!this.isData) this.#output.host.out(`${line}\n`)
  }

  /** Tells people a line, and programs an element. */
  tell(line: string, xml: XmlElement): void {
    this.say(line)
    this.#results.push(xml)
  }

  /** Tells what went wrong. */
  complain(line: string): void {
    if (this.isData) this.#errors.push(line)
    else this.#outer.err(`${line}\n`)
  }

  /**
   * A list of names and how many there are.
   *
   * @param noun what one of them is, for people
   * @param kind the `name` that its items have, for programs
   */
  list(title: string, noun: string, items: readonly string[], kind?: string): void {
    const elements = items.map((item) => element('item', { name: kind }, [], item))
    const lines = this.#isFancy && kind !== undefined ? items.map((item) => `${kind}: ${item}`) : items
    this.listOf(title, noun, lines, elements)
  }

  /** A list whose items are told to people by lines and to programs by elements. */
  listOf(title: string, noun: string, lines: readonly string[], elements: readonly XmlElement[]): void {
    const count = elements.length
    if (this.#isFancy) this.say(`${title}:`)
    for (const line of lines) this.say(this.#isFancy ? `  * ${line}` : line)
    this.say(`${count} ${noun}${count === 1 ? '' : 's'} found`)
    this.#results.push(element('list', { name: title.toLowerCase(), count: String(count) }, elements))
  }

  /** Ends the output. Answers the exit code. */
  end(code: number): number {
    return this.#output.end(code, this.#results, this.#errors)
  }
}
