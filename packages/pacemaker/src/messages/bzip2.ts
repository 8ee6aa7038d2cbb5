/**
 * bzip2 as a host offers it: large cluster messages, large IPC messages and saved scheduler inputs are compressed so.
 * Pure code is given one by its shell.
 */
export interface Bzip2 {
  compress(plain: Uint8Array): Uint8Array
  /** @param plainBytesMax room for the result. @throws Error when the data is not bzip2 or needs more room */
  decompress(packed: Uint8Array, plainBytesMax: number): Uint8Array
}
