export { CsError, type CsErrorName, csErrorCodes } from '../cs-error.ts'
