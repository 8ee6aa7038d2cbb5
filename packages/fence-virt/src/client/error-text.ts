/** What the C library says of an error. */
const errorTexts: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EAGAIN: 'Resource temporarily unavailable',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EAI_AGAIN: 'No such file or directory',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  EISDIR: 'Is a directory',
  END: 'Success',
  ENETUNREACH: 'Network is unreachable',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOTTY: 'Inappropriate ioctl for device',
  ENOTFOUND: 'No such file or directory',
  ENXIO: 'No such device or address',
  EPIPE: 'Broken pipe',
  ETIMEDOUT: 'Connection timed out',
}

/** Text of an error code; the code itself where there is none. */
export function errorText(code: string): string {
  return Object.hasOwn(errorTexts, code) ? (errorTexts[code] ?? code) : code
}
