export type { CcmMembership } from './api/ccm-event.ts'
export {
  type AuthKey,
  type AuthKeys,
  type AuthMethod,
  authKeysBytesMax,
  authKeysModeRefused,
  authNumberMax,
  parseAuthKeys,
} from './wire/auth-keys.ts'
export { Authentication, type Hmac } from './wire/authentication.ts'
export { classicLines, isClassic, readClassic } from './wire/classic-text.ts'
export { decodeFrame, encodeFrame, type FrameFormat } from './wire/frame.ts'
export {
  binary,
  type Field,
  type FieldType,
  fieldOf,
  fieldTypes,
  type Message,
  messageBytesMax,
  messageFieldsMax,
  numberOf,
  text,
  without,
} from './wire/message.ts'
export { base64Of, octetBytes, octetsOfBase64, octetText } from './wire/octets.ts'
