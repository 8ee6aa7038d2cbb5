import koffi from 'koffi'

/** Largest piece of data that is packed or unpacked in one call, in bytes; libbz2 counts in 32 bits. */
export const bzip2BytesMax = 256 * 1024 * 1024

/** Block size in 100 kB and work factor that Pacemaker uses (protocols/pacemaker-ipc.md 2.3). */
const blockSize100k = 4
const workFactor = 20
/** Outcome of a call whose result did not fit. */
const outputFull = -8

type Bound = {
  readonly compress: (...values: readonly unknown[]) => number
  readonly decompress: (...values: readonly unknown[]) => number
}

let bound: Bound | undefined

/** Binds libbz2 at its first use: a small cluster never needs it. @throws Error when the machine has none */
function bind(): Bound {
  if (bound !== undefined) return bound
  const library = load()
  bound = {
    compress: library.func('BZ2_bzBuffToBuffCompress', 'int', [
      'void *',
      koffi.inout(koffi.pointer('uint32_t')),
      'void *',
      'uint32_t',
      'int',
      'int',
      'int',
    ]),
    decompress: library.func('BZ2_bzBuffToBuffDecompress', 'int', [
      'void *',
      koffi.inout(koffi.pointer('uint32_t')),
      'void *',
      'uint32_t',
      'int',
      'int',
    ]),
  }
  return bound
}

function load(): ReturnType<typeof koffi.load> {
  try {
    return koffi.load('libbz2.so.1.0')
  } catch {
    return koffi.load('libbz2.so.1')
  }
}

/**
 * Packs data with bzip2.
 *
 * @throws Error when there is more than {@link bzip2BytesMax}, or the machine has no libbz2
 */
export function bzip2Compress(plain: Uint8Array): Uint8Array {
  if (plain.byteLength > bzip2BytesMax) throw new Error(`${plain.byteLength} bytes to pack, limit ${bzip2BytesMax}`)
  // What bzip2 itself promises to be enough for data that cannot be packed.
  const out = new Uint8Array(Math.ceil(plain.byteLength * 1.01) + 600)
  const size = [out.byteLength]
  const rc = bind().compress(out, size, plain, plain.byteLength, blockSize100k, 0, workFactor)
  if (rc !== 0) throw new Error(`bzip2 could not pack: ${rc}`)
  return out.slice(0, size[0])
}

/**
 * Unpacks bzip2 data.
 *
 * @param plainBytesMax room for the result
 * @throws Error when it is no bzip2 data, or needs more room
 */
export function bzip2Decompress(packed: Uint8Array, plainBytesMax: number): Uint8Array {
  if (packed.byteLength > bzip2BytesMax || plainBytesMax > bzip2BytesMax || plainBytesMax < 0) {
    throw new Error(`${packed.byteLength} bytes to unpack into ${plainBytesMax}, limit ${bzip2BytesMax}`)
  }
  const out = new Uint8Array(plainBytesMax)
  const size = [out.byteLength]
  const rc = bind().decompress(out, size, packed, packed.byteLength, 0, 0)
  if (rc === outputFull) throw new Error(`bzip2 data needs more than ${plainBytesMax} bytes`)
  if (rc !== 0) throw new Error(`no valid bzip2 data: ${rc}`)
  return out.slice(0, size[0])
}
