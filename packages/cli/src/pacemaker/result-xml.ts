import { exitCodeText } from '@quorate/cib'
import { type AttributesInit, element, formatXml, type XmlElement } from '@quorate/xml'

/** Version of the XML that tools print, as Pacemaker 2.1.5 has it. */
const apiVersion = '2.25'

/**
 * What a tool prints with --output-as=xml: its results, and how it ended (behaviour/pacemaker-tools.md 1.2).
 *
 * @param request command line as given
 * @param errors lines that would have gone to the error output
 */
export function resultXml(
  request: readonly string[],
  results: readonly XmlElement[],
  code: number,
  errors: readonly string[] = [],
): string {
  return formatResult(resultElement(request, results, code, errors))
}

/** Elements that hold the text of a document. */
const documents: ReadonlySet<string> = new Set(['xml', 'metadata'])

/** A result as text. */
export function formatResult(result: XmlElement): string {
  return formatXml(result, 0, documents)
}

/** What {@link resultXml} writes, as an element. */
export function resultElement(
  request: readonly string[],
  results: readonly XmlElement[],
  code: number,
  errors: readonly string[] = [],
): XmlElement {
  const list = errors.map((line) => element('error', {}, [], line))
  const status = element(
    'status',
    { code: String(code), message: exitCodeText(code) },
    list.length === 0 ? [] : [element('errors', {}, list)],
  )
  const attributes: AttributesInit = { 'api-version': apiVersion, request: request.map(quoted).join(' ') }
  return element('pacemaker-result', attributes, [...results, status])
}

/** A word of a command line as results repeat it: in quotes where it has a blank. */
function quoted(word: string): string {
  return word.includes(' ') ? `'${word.replaceAll("'", "\\'")}'` : word
}
