import { ChpipeError } from '../../errors.ts'
import { mix } from './random.ts'

/** The most companies one world can number. */
const MAX_COMPANIES = 15_000_000

const BLOCK = 200
const DIGIT_SLOTS = 184
/** 77 and 13 are each other's inverse modulo 200: they spread the prefixes over a block, and find the way back. */
const SPREAD = 77
const UNSPREAD = 13
const NUMBER_TAG = 11
const HIGHEST_DIGITS = 16_000_000
const FIRST_NEW = 17_000_001

interface Series {
  prefix: string
  suffix: string
  digits: number
  /** How many companies of a block of 200 carry this prefix. */
  perBlock: number
  firstSlot: number
}

const DIGITS: Series = { prefix: '', suffix: '', digits: 8, perBlock: DIGIT_SLOTS, firstSlot: 0 }

/** About 92 % of all numbers are pure digits (facts 1.2); these prefixes share the rest. */
const PREFIXED: readonly (readonly [string, number])[] = [
  ['SC', 5],
  ['NI', 2],
  ['OC', 2],
  ['LP', 1],
  ['FC', 1],
  ['BR', 1],
  ['CE', 1],
  ['OE', 1],
  ['RS', 1],
]

/** The last slot of a block is taken by each of these in turn; IP and SP numbers end in a letter (facts 1.2). */
const ROTATING: readonly string[] = ['IP', 'SO', 'SL', 'RC', 'CS', 'NC', 'SP', 'IC']
const ROTATING_SLOT = BLOCK - 1

const SERIES: readonly Series[] = [DIGITS, ...prefixedSeries(), ...ROTATING.map(rotatingSeries)]

export interface Numbering {
  /** The number of the company at `index`, which is at least 0 and below the number of companies. */
  numberAt(index: number): string
  /** The index that carries this number, or undefined when none does. */
  indexOf(number: string): number | undefined
  /** A number that no index carries, for companies formed later. */
  newNumber(ordinal: number): string
}

/** Numbers `companies` companies without a table: index to number and back in O(1), numbers growing with the index. */
export function createNumbering(seed: number, companies: number): Numbering {
  if (!Number.isInteger(companies) || companies < 0 || companies > MAX_COMPANIES) {
    throw new ChpipeError('usage', `A sandbox holds 0 to ${MAX_COMPANIES} companies, not ${companies}.`)
  }
  const blocks = Math.ceil(companies / BLOCK)

  function numberAt(index: number): string {
    const block = Math.floor(index / BLOCK)
    const slot = ((index % BLOCK) * SPREAD + mix(seed, NUMBER_TAG, block)) % BLOCK
    const series = seriesOfSlot(slot, block)
    return format(series, block * series.perBlock + slot - series.firstSlot)
  }

  function format(series: Series, ordinal: number): string {
    const step = stepOf(series, blocks)
    const value = 100 + ordinal * step + (mix(seed, NUMBER_TAG, series.firstSlot, ordinal) % step)
    return `${series.prefix}${String(value).padStart(series.digits, '0')}${series.suffix}`
  }

  function indexOf(number: string): number | undefined {
    const series = SERIES.find((each) => matches(each, number))
    if (!series) return undefined
    const value = Number(number.slice(series.prefix.length, series.prefix.length + series.digits))
    const ordinal = Math.floor((value - 100) / stepOf(series, blocks))
    const block = Math.floor(ordinal / series.perBlock)
    const slot = series.firstSlot + (ordinal % series.perBlock)
    const turned = (slot - (mix(seed, NUMBER_TAG, block) % BLOCK) + BLOCK) % BLOCK
    const index = block * BLOCK + ((turned * UNSPREAD) % BLOCK)
    return index >= 0 && index < companies && numberAt(index) === number ? index : undefined
  }

  return { numberAt, indexOf, newNumber: (ordinal) => String(FIRST_NEW + ordinal) }
}

function prefixedSeries(): Series[] {
  let firstSlot = DIGIT_SLOTS
  return PREFIXED.map(([prefix, perBlock]) => {
    const series = { prefix, suffix: '', digits: 6, perBlock, firstSlot }
    firstSlot += perBlock
    return series
  })
}

function rotatingSeries(prefix: string): Series {
  const lettered = prefix === 'IP' || prefix === 'SP'
  return { prefix, suffix: lettered ? 'R' : '', digits: lettered ? 5 : 6, perBlock: 1, firstSlot: ROTATING_SLOT }
}

function seriesOfSlot(slot: number, block: number): Series {
  if (slot < DIGIT_SLOTS) return DIGITS
  const prefix = slot === ROTATING_SLOT ? ROTATING[block % ROTATING.length] : undefined
  const series = SERIES.find((each) =>
    prefix === undefined
      ? slot >= each.firstSlot && slot < each.firstSlot + each.perBlock && each.prefix !== ''
      : each.prefix === prefix,
  )
  if (!series) throw new RangeError(`No prefix has slot ${slot}.`)
  return series
}

function stepOf(series: Series, blocks: number): number {
  const highest = series === DIGITS ? HIGHEST_DIGITS : 9 * 10 ** (series.digits - 1)
  return Math.max(1, Math.floor(highest / Math.max(1, blocks * series.perBlock)))
}

function matches(series: Series, number: string): boolean {
  const { prefix, suffix, digits } = series
  return (
    number.length === prefix.length + digits + suffix.length &&
    number.startsWith(prefix) &&
    number.endsWith(suffix) &&
    /^\d+$/.test(number.slice(prefix.length, prefix.length + digits))
  )
}

const OWNER_TAG = 21
const MASK_TAG = 22

/** Whose id it is: an officer of one company, or somebody who serves several companies of a group. */
export interface IdOwner {
  kind: 'company' | 'director' | 'nominee'
  /** Index of the company, or number of the group. */
  index: number
  /** Place among the company's officers; 0 for the others. */
  slot: number
}

const KINDS = ['company', 'director', 'nominee'] as const

/**
 * An officer id of 27 base64url characters, like the API's, that also says whose it is: so an officer's appointments are
 * found without an index of all officers.
 */
export function drawOfficerId(seed: number, owner: IdOwner): string {
  const bytes = Buffer.alloc(20)
  seal(seed, owner).forEach((word, at) => {
    bytes.writeUInt32BE(word, at * 4)
  })
  bytes.writeUInt32BE((owner.index ^ mask(seed, bytes)) >>> 0, 12)
  bytes.writeUInt32BE(((owner.slot * 4 + KINDS.indexOf(owner.kind)) ^ mask(seed + 1, bytes)) >>> 0, 16)
  return bytes.toString('base64url')
}

/** The way back; undefined when this world never gave out the id. */
export function ownerOf(seed: number, id: string): IdOwner | undefined {
  if (!/^[\w-]{27}$/.test(id)) return undefined
  const bytes = Buffer.from(id, 'base64url')
  const index = (bytes.readUInt32BE(12) ^ mask(seed, bytes)) >>> 0
  const rest = (bytes.readUInt32BE(16) ^ mask(seed + 1, bytes)) >>> 0
  const kind = KINDS[rest % 4]
  if (kind === undefined) return undefined
  const owner = { kind, index, slot: rest >>> 2 }
  return drawOfficerId(seed, owner) === id ? owner : undefined
}

function seal(seed: number, { kind, index, slot }: IdOwner): number[] {
  return [0, 1, 2].map((part) => mix(seed, OWNER_TAG, KINDS.indexOf(kind), index, slot, part))
}

function mask(seed: number, bytes: Buffer): number {
  return mix(seed, MASK_TAG, bytes.readUInt32BE(0), bytes.readUInt32BE(4), bytes.readUInt32BE(8))
}
