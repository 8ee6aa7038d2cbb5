import { isAscii } from 'node:buffer'
import fs from 'node:fs'

/** Room that unpacking is tried with at first, in bytes for each byte that is packed: XML packs well. */
const unpackFactor = 32
/** Least room that unpacking is tried with, in bytes. */
const unpackBytesMin = 1024 * 1024

/**
 * Text of a file; one called `….bz2` is unpacked, as the scheduler's saved inputs are.
 *
 * @throws Error where it cannot be read, or is not what its name says
 */
export async function readXmlFile(file: string): Promise<string> {
  if (!file.endsWith('.bz2')) return textOf(fs.readFileSync(file))
  const packed = fs.readFileSync(file)
  // Loaded only here: no other input needs a library of the host.
  const { bzip2BytesMax, bzip2Decompress } = await import('@quorate/qb')
  let room = Math.min(bzip2BytesMax, Math.max(unpackBytesMin, packed.byteLength * unpackFactor))
  for (;;) {
    try {
      return new TextDecoder().decode(bzip2Decompress(packed, room))
    } catch (fault) {
      const isFull = fault instanceof Error && fault.message.includes('needs more than')
      if (!isFull || room >= bzip2BytesMax) throw fault
      room = Math.min(bzip2BytesMax, room * 4)
    }
  }
}

/** Text of UTF-8 bytes. Those that are all ASCII, as of most CIBs, are copied without being decoded. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
}
