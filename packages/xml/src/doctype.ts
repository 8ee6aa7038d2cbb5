/** What a document type declaration says of its document. */
export type Doctype = {
  /** Names of the entities that it declares, but XML's own five. What they stand for is never looked at. */
  readonly entities: ReadonlySet<string>
  /** By the names of elements, their attributes that are made of names or tokens: blanks around those count for nothing. */
  readonly tokens: ReadonlyMap<string, ReadonlySet<string>>
}

const name = String.raw`[\p{L}_:][\p{L}\p{N}\p{M}._:\u00b7-]*`
const literal = `(?:"[^"]*"|'[^']*')`
const externalId = String.raw`(?:SYSTEM\s+${literal}|PUBLIC\s+${literal}\s+${literal})`
const nameTokens = String.raw`\(\s*[^\s|()<>"'&%]+(?:\s*\|\s*[^\s|()<>"'&%]+)*\s*\)`
const sticky = (source: string): RegExp => new RegExp(source, 'uy')

const head = sticky(String.raw`\s+${name}(?:\s+${externalId})?\s*`)
const blanks = sticky(String.raw`\s+`)
const parameterReference = sticky(`%(${name});`)
const comment = /<!--(?:[^-]|-[^-])*-->/y
const instruction = sticky(String.raw`<\?(?![Xx][Mm][Ll][\s?])${name}(?:\s[^]*?)?\?>`)
const elementDeclaration = sticky(String.raw`<!ELEMENT\s+${name}\s+(?:EMPTY|ANY|\([^<>&%"'\[\]]*\)[?*+]?)\s*>`)
const notation = sticky(String.raw`<!NOTATION\s+${name}\s+(?:${externalId}|PUBLIC\s+${literal})\s*>`)
const entity = sticky(String.raw`<!ENTITY\s+(%\s+)?(${name})\s+(?:${literal}|${externalId}(?:\s+NDATA\s+${name})?)\s*>`)
const attributeList = sticky(String.raw`<!ATTLIST\s+(${name})`)
const attribute = sticky(
  String.raw`\s+(${name})\s+(CDATA|ID(?:REFS?)?|ENTIT(?:Y|IES)|NMTOKENS?|(?:NOTATION\s+)?${nameTokens})\s*` +
    String.raw`(?:#REQUIRED|#IMPLIED|(?:#FIXED\s+)?(${literal}))`,
)
const listEnd = sticky(String.raw`\s*>`)

/** Declarations that say nothing of what is read. */
const skipped = [blanks, comment, instruction, elementDeclaration, notation]
const ownEntities: readonly string[] = ['amp', 'lt', 'gt', 'quot', 'apos']
/** So much of what cannot be read is shown. */
const shownMax = 40

/** Characters of a document type declaration. */
export const doctypeCharactersMax = 256 * 1024

/**
 * Reads a document type declaration. External parts are left alone, entities are not expanded, defaults of attributes not put in.
 *
 * @param text all between `<!DOCTYPE` and the `>` that ends it
 * @returns what it declares; or as a text why it is refused: it is not well formed or too long, needs an entity or has a namespace
 */
export function readDoctype(text: string): Doctype | string {
  if (text.length > doctypeCharactersMax) {
    return `document type declaration of ${text.length} characters, limit ${doctypeCharactersMax}`
  }
  const entities = new Set<string>()
  const tokens = new Map<string, Set<string>>()
  const known = new Map<string, Set<string>>()
  let at = 0
  const next = (piece: RegExp): RegExpExecArray | null => {
    piece.lastIndex = at
    const found = piece.exec(text)
    if (found !== null) at = piece.lastIndex
    return found
  }
  const unreadable = (what: string): string =>
    `${what} in the document type declaration cannot be read: '${text.slice(at, at + shownMax)}'`
  if (next(head) === null) return unreadable('a name or an external identifier')
  if (at === text.length) return { entities, tokens }
  if (text[at] !== '[') return unreadable('what follows the name')
  at += 1
  while (text[at] !== ']') {
    if (skipped.some((piece) => next(piece) !== null)) continue
    const reference = next(parameterReference)
    if (reference !== null) return `entity '%${reference[1]};' of the document type declaration is not expanded`
    const declared = next(entity)
    if (declared !== null) {
      const [, isParameter, entityName = ''] = declared
      if (isParameter === undefined && !ownEntities.includes(entityName)) entities.add(entityName)
      continue
    }
    const list = next(attributeList)
    if (list === null) return unreadable('a declaration')
    const of = list[1] as string
    for (let found = next(attribute); found !== null; found = next(attribute)) {
      const [, attributeName = '', type, value] = found
      // A default is not put in where an element lacks it; only a namespace counts, as to libxml2.
      if (attributeName === 'xmlns' && value !== undefined)
        return `'${of}' gets a namespace by its declaration: ${value}`
      // Of several declarations the first one counts.
      if (known.get(of)?.has(attributeName) === true) continue
      add(known, of, attributeName)
      if (type !== 'CDATA') add(tokens, of, attributeName)
    }
    if (next(listEnd) === null) return unreadable('a declaration of attributes')
  }
  at += 1
  next(blanks)
  return at === text.length ? { entities, tokens } : unreadable('what follows the declarations')
}

function add(to: Map<string, Set<string>>, of: string, attributeName: string): void {
  const names = to.get(of)
  if (names === undefined) to.set(of, new Set([attributeName]))
  else names.add(attributeName)
}

/** A value that is made of tokens, with one blank between them. */
export function tokensOf(value: string): string {
  return value.split(' ').filter(Boolean).join(' ')
}
