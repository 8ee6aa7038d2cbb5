import fs from 'node:fs'
import { exitCodes } from '@quorate/cib'
import { attributePairs, isComment, type XmlElement } from '@quorate/xml'
import { formatResult, resultElement } from './result-xml.ts'
import { systemFaultCode, systemFaultText } from './system-fault.ts'
import { type ToolHost, toolFileMode } from './tool-host.ts'
import type { Options } from './tool-options.ts'

const formats = ['text', 'xml', 'json', 'none'] as const
export type OutputFormat = (typeof formats)[number]

/** Where a tool's output goes, and as what. Text is written as it comes, the rest in the end. */
export class Output {
  readonly format: OutputFormat
  /** The host whose standard output is that of the tool. */
  readonly host: ToolHost
  readonly #request: readonly string[]
  readonly #write: (text: string) => void
  readonly #close: () => void

  constructor(
    format: OutputFormat,
    host: ToolHost,
    request: readonly string[],
    write: (text: string) => void,
    close: () => void,
  ) {
    this.format = format
    this.host = { ...host, out: format === 'none' ? () => undefined : write }
    this.#request = request
    this.#write = write
    this.#close = close
  }

  /** Whether results are told as elements (XML, or JSON made of it) instead of as text. */
  get isData(): boolean {
    return this.format === 'xml' || this.format === 'json'
  }

  /** Writes what was found as elements, where that is asked for, and ends the output. Answers the exit code. */
  end(code: number, results: readonly XmlElement[] = [], errors: readonly string[] = []): number {
    const result = resultElement(this.#request, results, code, errors)
    if (this.format === 'xml') this.#write(formatResult(result))
    else if (this.format === 'json') this.#write(`${JSON.stringify(jsonOf(result), undefined, 2)}\n`)
    this.#close()
    return code
  }

  /** Ends the output without what is only written at the end. Answers the exit code. */
  abandon(code: number): number {
    this.#close()
    return code
  }
}

/** Why an output cannot be opened, and the exit code of a tool that ends with one that says so. */
export type OutputFault = { readonly text: string; readonly code: number }

/**
 * Opens the output that --output-as and --output-to ask for; or says, without the tool's name, why it cannot be.
 * JSON is ours: Pacemaker 2.1.5 has none.
 */
export function openOutput(options: Options, host: ToolHost, request: readonly string[]): Output | string {
  const opened = outputOrFault(options, host, request)
  return opened instanceof Output ? opened : opened.text
}

/** {@link openOutput}, with the exit code where it fails. */
export function outputOrFault(options: Options, host: ToolHost, request: readonly string[]): Output | OutputFault {
  const asked = options.value('output-as')
  const format = formats.find((name) => name === (asked ?? 'text'))
  if (format === undefined) {
    return { text: `Error creating output format ${asked}: Unknown output format`, code: exitCodes.noSuchObject }
  }
  const file = options.value('output-to')
  if (file === undefined || file === '-') return new Output(format, host, request, host.out, () => undefined)
  let fd: number
  try {
    fd = fs.openSync(file, 'w', toolFileMode)
  } catch (fault) {
    const text = `Error creating output format ${asked ?? '(null)'}: ${systemFaultText(fault)}`
    return { text, code: systemFaultCode(fault) }
  }
  return new Output(
    format,
    host,
    request,
    (text) => void fs.writeSync(fd, text),
    () => fs.closeSync(fd),
  )
}

type Json = { readonly element: string; readonly [name: string]: unknown }

/** An element as JSON: its name, its attributes, and `children` in order. */
export function jsonOf(node: XmlElement): Json {
  const children = node.children.filter((item) => !isComment(item)).map(jsonOf)
  return {
    element: node.name,
    ...Object.fromEntries(attributePairs(node)),
    ...(node.text === '' ? {} : { text: node.text }),
    ...(children.length === 0 ? {} : { children }),
  }
}
