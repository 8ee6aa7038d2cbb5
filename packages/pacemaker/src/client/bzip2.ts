import { bzip2Compress, bzip2Decompress } from '@quorate/qb'
import type { Bzip2 } from '../messages/bzip2.ts'

/** bzip2 of this machine's library, for messages that are too long as they are. */
export const hostBzip2: Bzip2 = { compress: bzip2Compress, decompress: bzip2Decompress }
