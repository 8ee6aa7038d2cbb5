export {
  comparePaths,
  insertAt,
  nodeAt,
  removeAt,
  replaceAt,
  updateAt,
  type XmlPath,
} from './change.ts'
export {
  type AttributesInit,
  attr,
  attrAt,
  attributePairs,
  beginsWithTag,
  child,
  childById,
  childrenNamed,
  comment,
  commentName,
  descendants,
  element,
  hasBelow,
  hasChildren,
  idOf,
  isComment,
  settled,
  type TagShape,
  tagShape,
  tagText,
  withAttributes,
  withChildren,
  type XmlElement,
} from './element.ts'
export { ElementPattern } from './element-pattern.ts'
export { type XmlLimits, xmlLimits } from './limits.ts'
export { parseXml, type ReadOptions } from './reader.ts'
export { encodeXml, escapeValue, formatXml, type WriteOptions, writeXml } from './writer.ts'
export { type XmlError, xmlErrorText } from './xml-error.ts'
export { addressOf, compileXPath, select, type XPath, type XPathMatch } from './xpath.ts'
export { XPathError } from './xpath-token.ts'
