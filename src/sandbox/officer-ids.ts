import { mix } from './random.ts'

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
export function officerId(seed: number, owner: IdOwner): string {
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
  return officerId(seed, owner) === id ? owner : undefined
}

function seal(seed: number, { kind, index, slot }: IdOwner): number[] {
  return [0, 1, 2].map((part) => mix(seed, OWNER_TAG, KINDS.indexOf(kind), index, slot, part))
}

function mask(seed: number, bytes: Buffer): number {
  return mix(seed, MASK_TAG, bytes.readUInt32BE(0), bytes.readUInt32BE(4), bytes.readUInt32BE(8))
}
