const TWO_32 = 4_294_967_296

/** Mixes whole numbers into one unsigned 32-bit hash; the same numbers give the same hash on every machine. */
export function mix(...values: number[]): number {
  let hash = 0x9e3779b9
  for (const value of values) {
    hash = scramble(hash ^ (value | 0))
    if (value >= TWO_32) hash = scramble(hash ^ Math.floor(value / TWO_32))
  }
  return hash >>> 0
}

function scramble(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Hashes text to an unsigned 32-bit number (FNV-1a), to serve as a key for `mix` or `Random`. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Eight hexadecimal digits for a purpose: the same for the same seed. */
export function keyOf(seed: number, purpose: string): string {
  return mix(seed, hashText(purpose)).toString(16).padStart(8, '0')
}

/** Things with their weights, made ready to be picked from. */
export interface Weighted<Item> {
  items: readonly Item[]
  /** Running totals of the weights. */
  upTo: readonly number[]
  total: number
}

/** Makes a table of [item, weight] ready; the weights need not add up to one. */
export function weights<Item>(pairs: readonly (readonly [Item, number])[]): Weighted<Item> {
  let total = 0
  const upTo = pairs.map(([, weight]) => {
    total += weight
    return total
  })
  return { items: pairs.map(([item]) => item), upTo, total }
}

/** A seeded generator (mulberry32). One is made for each thing by its key, so that anything can be drawn on its own. */
export class Random {
  #state: number

  constructor(...key: number[]) {
    this.#state = mix(...key)
  }

  /** An unsigned 32-bit number. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let hash = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61)
    return (hash ^ (hash >>> 14)) >>> 0
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.next() / TWO_32
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  /** A whole number in [from, to], both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('There is nothing to pick from.')
    return item
  }

  /** Picks by weight. */
  weighted<Item>({ items, upTo, total }: Weighted<Item>): Item {
    const mark = this.fraction() * total
    for (let at = 0; at < items.length; at += 1) {
      const item = items[at]
      if (mark < (upTo[at] ?? 0) && item !== undefined) return item
    }
    throw new RangeError('There is nothing to pick from.')
  }

  /** `length` lower-case hexadecimal digits, as in the API's etags. */
  hex(length: number): string {
    let text = ''
    while (text.length < length) {
      const draw = this.next()
      text += `${HEX[draw >>> 24]}${HEX[(draw >>> 16) & 0xff]}${HEX[(draw >>> 8) & 0xff]}${HEX[draw & 0xff]}`
    }
    return text.slice(0, length)
  }

  /** `length` characters of the base64url alphabet, as in the API's ids. */
  id(length: number): string {
    let text = ''
    while (text.length < length) text += ID_ALPHABET.charAt(this.next() >>> 26)
    return text
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
