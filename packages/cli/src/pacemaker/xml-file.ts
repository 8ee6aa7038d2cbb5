import fs from 'node:fs'
import { declarationBytesMax, declaredEncoding, decoded, utf8Text, xmlText } from './xml-text.ts'

/** Room that unpacking is tried with at first, in bytes for each byte that is packed: XML packs well. */
const unpackFactor = 32
/** Least room that unpacking is tried with, in bytes. */
const unpackBytesMin = 1024 * 1024

/** Bytes of a file that are read at a time: few enough to stay in the processor's cache. */
const pieceBytes = 256 * 1024
const less = 0x3c

/**
 * Text of a file; one called `….bz2` is unpacked, as the scheduler's saved inputs are.
 *
 * @throws Error where it cannot be read, or is not what its name says
 */
export async function readXmlFile(file: string): Promise<string> {
  return [...(await openXmlFile(file))].join('')
}

/**
 * The same text in pieces that end where a tag begins, each read when it is asked for. A large file is never in memory
 * as bytes and as text at once: memory that is touched for the first time is most of what reading costs.
 *
 * @returns pieces that can be gone through once; going through them throws where the file cannot be read further
 * @throws Error where it cannot be opened, or is not what its name says
 */
export async function openXmlFile(file: string): Promise<Iterable<string>> {
  return file.endsWith('.bz2') ? [await unpacked(fs.readFileSync(file))] : piecesOf(fs.openSync(file, 'r'))
}

async function unpacked(packed: Buffer): Promise<string> {
  // Loaded only here: no other input needs a library of the host.
  const { bzip2BytesMax, bzip2Decompress } = await import('@quorate/qb')
  let room = Math.min(bzip2BytesMax, Math.max(unpackBytesMin, packed.byteLength * unpackFactor))
  for (;;) {
    try {
      return xmlText(Buffer.from(bzip2Decompress(packed, room)))
    } catch (fault) {
      const isFull = fault instanceof Error && fault.message.includes('needs more than')
      if (!isFull || room >= bzip2BytesMax) throw fault
      room = Math.min(bzip2BytesMax, room * 4)
    }
  }
}

function* piecesOf(fd: number): Generator<string> {
  try {
    let buffer = Buffer.allocUnsafeSlow(pieceBytes)
    /** Bytes at the start of the buffer that no piece has yet. */
    let held = 0
    let isDeclarationRead = false
    for (;;) {
      const count = fs.readSync(fd, buffer, held, buffer.length - held, null)
      held += count
      if (!isDeclarationRead && (count === 0 || held >= declarationBytesMax)) {
        isDeclarationRead = true
        const encoding = declaredEncoding(buffer.subarray(0, Math.min(held, declarationBytesMax)))
        if (encoding !== undefined) {
          yield decoded(Buffer.concat([buffer.subarray(0, held), fs.readFileSync(fd)]), encoding)
          return
        }
      }
      if (count === 0) break
      if (held < buffer.length) continue
      const end = buffer.lastIndexOf(less)
      if (end > 0) {
        yield utf8Text(buffer.subarray(0, end))
        buffer.copyWithin(0, end, held)
        held -= end
      } else buffer = Buffer.concat([buffer], 2 * buffer.length)
    }
    yield utf8Text(buffer.subarray(0, held))
  } finally {
    fs.closeSync(fd)
  }
}
