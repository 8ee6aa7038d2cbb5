/**
 * What the helper can be asked, and how that is written to it: a line `ID VERB BYTES`, then a line for each word or so many
 * bytes. Words are data to it: it reads them with `read -r` and hands each on as one argument behind `--option=`.
 */
export type HelperRequest =
  /** The CIB, as far as it is another than at the last time. */
  | { readonly verb: 'look' }
  /** The whole CIB. */
  | { readonly verb: 'anew' }
  | { readonly verb: 'name' }
  | { readonly verb: 'fencing' }
  | { readonly verb: 'patch' | 'remove'; readonly xml: string }
  | { readonly verb: 'attribute'; readonly node: string; readonly name: string }
  | { readonly verb: 'cleanup' | 'refresh'; readonly resource: string; readonly node: string | undefined }

/** Characters of a word. */
const wordCharsMax = 1024

/** A word that cannot be told to the helper: names of the cluster have no line ends. */
export class WordError extends Error {
  override readonly name = 'WordError'
}

/** @throws WordError where a word has a control character, or is too long */
export function requestText(id: number, request: HelperRequest): string {
  switch (request.verb) {
    case 'patch':
    case 'remove':
      return `${id} ${request.verb} ${new TextEncoder().encode(request.xml).length}\n${request.xml}`
    case 'attribute':
      return `${id} attribute 0\n${word(request.node)}${word(request.name)}`
    case 'cleanup':
    case 'refresh':
      return `${id} ${request.verb} 0\n${word(request.resource)}${word(request.node ?? '')}`
    default:
      return `${id} ${request.verb} 0\n`
  }
}

function word(text: string): string {
  const isPlain = [...text].every((char) => char >= ' ' && char !== '\u007f')
  if (!isPlain || text.length > wordCharsMax) {
    throw new WordError(`'${text.slice(0, 80)}' is no name that can be told over this connection`)
  }
  return `${text}\n`
}
