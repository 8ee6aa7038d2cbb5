import { exitCodeOf, exitCodes } from '@quorate/cib'

/** What the host says of a file that cannot be opened, in the words of its C library. */
const texts: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
}

/** Why the host refused something, as programs in C tell it. */
export function systemFaultText(fault: unknown): string {
  const { code } = fault as NodeJS.ErrnoException
  if (code !== undefined && texts[code] !== undefined) return texts[code]
  return fault instanceof Error ? fault.message : String(fault)
}

/** Exit code of a tool that ends because the host refused something. */
export function systemFaultCode(fault: unknown): number {
  const { errno } = fault as NodeJS.ErrnoException
  return errno === undefined ? exitCodes.error : exitCodeOf(errno)
}
