export {
  type AttributesInit,
  attr,
  attributePairs,
  child,
  childById,
  childrenNamed,
  descendants,
  element,
  idOf,
  withAttributes,
  withChildren,
  type XmlElement,
} from './element.ts'
