export { cibDigest, fileDigest, operationDigest } from './digest.ts'
