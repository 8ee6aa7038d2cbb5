// @ts-check

/**
 * How glib's hash table of strings placed its keys, told apart by generation: the order in which a walk met them came
 * from three choices only, and each of them changed once.
 *
 * @typedef {object} Generation
 * @property {string} versions of glib
 * @property {(key: string) => number} hash of a key, unsigned 32 bits
 * @property {(hash: number, prime: number) => number} home slot of a hash
 * @property {(keys: number) => number} capacity that a table of so many keys asks for when it grows
 * @property {boolean} movesInPlace growing moves keys within the table, evicting who stands in the way
 */

/** Largest prime not above each power of two, from 2^0 on: what a hash is divided by. */
const primes = [1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521]
const smallestShift = 3

/** @param {number} multiplier @param {number | undefined} start where undefined, the first byte is the start */
const byteHash = (multiplier, start) => (/** @type {string} */ key) => {
  const bytes = new Int8Array(new TextEncoder().encode(key))
  let hash = start ?? bytes[0] ?? 0
  for (const byte of start === undefined ? bytes.subarray(1) : bytes) hash = (Math.imul(hash, multiplier) + byte) | 0
  return hash >>> 0
}

/** @type {Readonly<Record<string, Generation>>} */
export const generations = {
  2009: {
    versions: '2.26 and before (the one of the story)',
    hash: byteHash(31, undefined),
    home: (hash, prime) => hash % prime,
    capacity: (keys) => 2 * keys,
    movesInPlace: false,
  },
  2010: {
    versions: '2.28 to 2.58',
    hash: byteHash(33, 5381),
    home: (hash, prime) => hash % prime,
    capacity: (keys) => 2 * keys,
    movesInPlace: false,
  },
  2018: {
    versions: '2.60 to 2.80',
    hash: byteHash(33, 5381),
    home: (hash, prime) => (Math.imul(hash, 11) >>> 0) % prime,
    capacity: (keys) => Math.trunc(1.333 * keys),
    movesInPlace: true,
  },
}

/** @typedef {{ readonly key: string, readonly hash: number }} Entry */

/**
 * The keys in the order in which a walk over glib's table met them after they had been put in one by one.
 *
 * @param {readonly string[]} keys
 * @param {Generation} generation
 * @returns {string[]}
 */
export function walkOrder(keys, generation) {
  let shift = smallestShift
  /** @type {(Entry | undefined)[]} */
  let slots = new Array(1 << shift)
  let count = 0
  for (const key of keys) {
    // 0 and 1 mark empty and deleted slots, so no key may hash to them.
    const hash = Math.max(generation.hash(key), 2)
    const slot = findSlot(slots, shift, key, hash, generation)
    if (slots[slot] !== undefined) continue
    slots[slot] = { key, hash }
    count += 1
    if (slots.length > count + Math.trunc(count / 16)) continue
    shift = Math.max(smallestShift, bitLength(generation.capacity(count)))
    slots = generation.movesInPlace ? movedInPlace(slots, shift, generation) : copied(slots, shift, generation)
  }
  return slots.flatMap((entry) => (entry === undefined ? [] : [entry.key]))
}

/** The slot that holds the key, or the free one where it goes: its home, then 1, 3, 6, 10 … further on. */
function findSlot(
  /** @type {readonly (Entry | undefined)[]} */ slots,
  /** @type {number} */ shift,
  /** @type {string} */ key,
  /** @type {number} */ hash,
  /** @type {Generation} */ generation,
) {
  let slot = generation.home(hash, /** @type {number} */ (primes[shift]))
  for (let step = 1; slots[slot] !== undefined && slots[slot]?.key !== key; step += 1) {
    slot = (slot + step) & (slots.length - 1)
  }
  return slot
}

/** A larger table, filled in the order of the old one's slots. */
function copied(
  /** @type {readonly (Entry | undefined)[]} */ slots,
  /** @type {number} */ shift,
  /** @type {Generation} */ generation,
) {
  /** @type {(Entry | undefined)[]} */
  const grown = new Array(1 << shift)
  for (const entry of slots) {
    if (entry !== undefined) grown[findSlot(grown, shift, entry.key, entry.hash, generation)] = entry
  }
  return grown
}

/** The same table made longer: each key moves to its new place and takes along who has not moved yet and stands there. */
function movedInPlace(
  /** @type {(Entry | undefined)[]} */ slots,
  /** @type {number} */ shift,
  /** @type {Generation} */ generation,
) {
  const grown = [...slots, ...new Array((1 << shift) - slots.length)]
  const settled = new Set()
  for (let i = 0; i < slots.length; i += 1) {
    let moving = settled.has(i) ? undefined : grown[i]
    if (moving === undefined) continue
    grown[i] = undefined
    while (moving !== undefined) {
      let slot = generation.home(moving.hash, /** @type {number} */ (primes[shift]))
      for (let step = 1; settled.has(slot); step += 1) slot = (slot + step) & (grown.length - 1)
      settled.add(slot)
      const evicted = grown[slot]
      grown[slot] = moving
      moving = evicted
    }
  }
  return grown
}

/** How many bits a number takes. */
function bitLength(/** @type {number} */ value) {
  return value === 0 ? 0 : 32 - Math.clz32(value)
}
