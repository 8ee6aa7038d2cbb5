/**
 * Kinds of value by their number on the wire. Of a list (3) the text is kept as it is; structures and compressed fields are kept
 * as octets and taken apart by nobody here.
 */
export const fieldTypes = { text: 0, binary: 1, struct: 2, list: 3, compressed: 4, uncompressed: 5 } as const

export type FieldType = (typeof fieldTypes)[keyof typeof fieldTypes]

/** One field of a message. Name and value are octets, a character each (see `octetText`). */
export type Field = { readonly name: string; readonly type: FieldType; readonly value: string }

/** Fields in the order of the wire. A name may come twice (CCM sends `ccmmajor` twice); the first counts. */
export type Message = readonly Field[]

/** Bytes of a message in a frame (MAXMSG of the C daemon). */
export const messageBytesMax = 256 * 1024
/** Fields of a message; CCM's have about 20. */
export const messageFieldsMax = 512
/** Octets of a field's name. */
export const fieldNameMax = 255

/** A text field. */
export function text(name: string, value: string): Field {
  return { name, type: fieldTypes.text, value }
}

/** A field of raw octets. */
export function binary(name: string, value: string): Field {
  return { name, type: fieldTypes.binary, value }
}

/** Value of the first field of that name. */
export function fieldOf(message: Message, name: string): string | undefined {
  return message.find((field) => field.name === name)?.value
}

/** A whole number in a field: hexadecimal or decimal digits and nothing else, up to 2^53 - 1. */
export function numberOf(message: Message, name: string, radix: 10 | 16): number | undefined {
  const value = fieldOf(message, name)
  if (value === undefined || !(radix === 16 ? /^[0-9a-fA-F]{1,13}$/ : /^[0-9]{1,15}$/).test(value)) return undefined
  return Number.parseInt(value, radix)
}

/** The fields but those of these names. */
export function without(message: Message, ...names: readonly string[]): Message {
  return message.filter((field) => !names.includes(field.name))
}
