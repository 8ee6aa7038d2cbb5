import { invariant } from '@quorate/base'
import koffi from 'koffi'
import { checked, lastErrno, native, SystemCallError } from './libc.ts'

const mmap = native('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t'])
const munmap = native('munmap', 'int', ['uintptr_t', 'size_t'])
const posixFallocate = native('posix_fallocate', 'int', ['int', 'int64_t', 'int64_t'])

const readAndWrite = 3
const shared = 1
const privately = 2
const atAddress = 16
const anonymous = 32

/** Page size that mirrored mappings need their length to be a multiple of; amd64 and arm64 with 4 KiB pages. */
export const pageBytes = 4096
/** Longest file that is mapped, in bytes. */
export const mappedBytesMax = 64 * 1024 * 1024

/**
 * Memory shared with another process. `bytes` must not be touched after `unmap`: the holder drops its references
 * first. If the other process truncates the file, touching the lost part ends this process (SIGBUS), as it would a C
 * program.
 */
export type SharedMemory = {
  readonly address: number
  readonly bytes: Uint8Array
  /** Idempotent. */
  unmap(): void
}

/** Maps the first `length` bytes of an open file, which must be that long. */
export function mapShared(fd: number, length: number): SharedMemory {
  invariant(length > 0 && length <= mappedBytesMax, 'a mapping within its limit', { length })
  const address = checked(mmap(0, length, readAndWrite, shared, fd, 0), 'mmap', `of ${length} bytes`)
  return memory(address, length)
}

/**
 * Maps the same `length` bytes twice, one behind the other, so that a record which wraps at the end of a ring lies in
 * one piece. `bytes` is `2 * length` long.
 */
export function mapTwice(fd: number, length: number): SharedMemory {
  invariant(length > 0 && length <= mappedBytesMax && length % pageBytes === 0, 'whole pages', { length })
  const address = checked(mmap(0, 2 * length, 0, privately | anonymous, -1, 0), 'mmap', `of ${2 * length} bytes`)
  for (const at of [address, address + length]) {
    if (mmap(at, length, readAndWrite, shared | atAddress, fd, 0) !== at) {
      const errno = lastErrno()
      munmap(address, 2 * length)
      throw new SystemCallError('mmap', errno, `of ${length} bytes at a fixed address`)
    }
  }
  return memory(address, 2 * length)
}

function memory(address: number, length: number): SharedMemory {
  let isMapped = true
  return {
    address,
    bytes: new Uint8Array(koffi.view(BigInt(address), length)),
    unmap() {
      if (isMapped) munmap(address, length)
      isMapped = false
    },
  }
}

/** Reserves the blocks of a file, so that a full file system is an error now and not a SIGBUS later. */
export function allocateFile(fd: number, length: number): void {
  invariant(length > 0 && length <= mappedBytesMax, 'a file within its limit', { length })
  const errno = posixFallocate(fd, 0, length)
  if (errno !== 0) throw new SystemCallError('posix_fallocate', errno, `of ${length} bytes`)
}
