export { readableCopy } from './acl/acl-filter.ts'
export { type AclAccess, type AclMarks, accessAt, accessOf, aclMarks, marksBelow, noMarks } from './acl/acl-marks.ts'
export { type Acl, type AclGroups, aclIn, aclOf, isAclEnabled, isRestrictable, isRestricted } from './acl/acl-rules.ts'
export {
  backupsMax,
  type CibFileFault,
  cibFileNames,
  cibFileText,
  cibForDisk,
  cibFromDisk,
  cibSignature,
  isCib,
  nextBackup,
  verifyCibFile,
} from './cib-file.ts'
export { cibDigest, fileDigest, operationDigest, patchDigest } from './digest.ts'
export { emptyCib, featureSet, newestSchema } from './empty-cib.ts'
export { systemErrorText } from './errno.ts'
export { exitCodeRows, exitCodes, exitCodeText } from './exit-code.ts'
export { cibFaults } from './fault.ts'
export { type CodeName, exitCodeOf, faultText, legacyErrors, returnCodes } from './pacemaker-error.ts'
export { applyPatch } from './patch-apply.ts'
export { type AttributeChange, type Change, changesBetween, patchsetOf, significantChanges } from './patchset.ts'
export {
  aclFor,
  isNewerFeatureSet,
  type PerformOptions,
  performCall,
  type Requester,
  replacedParts,
} from './perform.ts'
export {
  type ChangeStamp,
  type CibCall,
  type CibOperationName,
  type CibOutcome,
  cibCallOptions,
} from './request.ts'
export { cibFaultsIn, conformsTo, isValidCib, type SchemaFault, schemaFaultsMax } from './schema.ts'
export { isSchemaClaim, nextSchema, schemaNames, schemaNumber } from './schema-name.ts'
export { infinity, scoreOf } from './score-text.ts'
export { isSectionName, sectionNames, sectionPath } from './section.ts'
export { claimsCurrentSchema, oldestCurrentSchema, type UsableCib, usableCib } from './upgrade.ts'
export {
  type CibVersion,
  compareVersions,
  versionAttributes,
  versionOf,
  versionText,
  withVersion,
} from './version.ts'
