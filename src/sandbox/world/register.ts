import { drawCompany, kindOf } from './companies.ts'
import { dayOfIso } from './days.ts'
import { type Numbering, ownerOf } from './numbering.ts'
import { defaultOrder, drawOfficers, GROUP_SIZES, type OfficersDraw, officerCount, servesGroup } from './officers.ts'
import type { SyntheticCompany, SyntheticOfficer, SyntheticPsc } from './shapes.ts'

export interface RegisterChanges {
  /** How many officers the company has from now on, or which. */
  officers?: number | readonly SyntheticOfficer[]
  /** Members of the profile that change; `undefined` removes one. */
  profile?: Partial<SyntheticCompany>
  /** Who controls the company from now on. */
  pscs?: readonly SyntheticPsc[]
}

/** All that a world keeps: how to draw its companies, and what became of some of them since. */
export interface Register {
  seed: number
  /** How many companies are drawn from the seed. */
  companies: number
  /** Day number. */
  today: number
  /** Day number. */
  verificationsOn: number
  numbering: Numbering
  added: Map<string, { index: number; company: SyntheticCompany }>
  /** In the order in which they were added: their indexes follow those of the drawn companies. */
  addedNumbers: string[]
  changed: Map<string, RegisterChanges>
  /** Officer ids that somebody handed in, with the companies they serve. */
  listed: Map<string, Set<string>>
}

/** How many companies there are, those added included. */
export function sizeOf(register: Register): number {
  return register.companies + register.addedNumbers.length
}

/** The number of the company at an index below the register's size. */
export function numberAt({ companies, numbering, addedNumbers }: Register, index: number): string {
  return index < companies ? numbering.numberAt(index) : (addedNumbers[index - companies] ?? '')
}

/** The way back; undefined for a number that nobody carries. */
export function indexOf({ numbering, added }: Register, number: string): number | undefined {
  return added.get(number)?.index ?? numbering.indexOf(number)
}

/** The company with this number, which is the one at `index`. */
export function companyAt(register: Register, number: string, index: number): SyntheticCompany {
  const draw = officersDraw(register, number, index)
  const { seed, today, added, changed } = register
  const known = added.get(number)?.company
  const drawn =
    known ??
    drawCompany({ seed, index, number, kind: draw.kind, createdDay: draw.formedDay, today, officerCount: draw.count })
  const changes = changed.get(number)
  return changes ? { ...drawn, links: linked(drawn, draw.count), ...changes.profile } : drawn
}

/** The officers of the company at `index`, in the API's default order. */
export function officersAt(register: Register, number: string, index: number): SyntheticOfficer[] {
  const forced = register.changed.get(number)?.officers
  return typeof forced === 'object'
    ? [...forced].sort(defaultOrder)
    : drawOfficers(officersDraw(register, number, index))
}

/** What the officers of the company at `index` are drawn from. */
export function officersDraw(register: Register, number: string, index: number): OfficersDraw {
  const { seed, companies, today, verificationsOn, added, changed } = register
  const kind = kindOf(seed, index, number)
  const formed = added.get(number)?.company.date_of_creation
  const formedDay =
    formed === undefined ? createdDay(Math.min(index, companies - 1), companies, today) : dayOfIso(formed)
  const forced = changed.get(number)?.officers
  const count = typeof forced === 'object' ? forced.length : (forced ?? officerCount(seed, index, kind))
  return { seed, index, number, kind, formedDay, today, verificationsOn, count }
}

/** The numbers of companies formed between two days, and of all that were added or changed; each once. */
export function* numbersFormed(
  register: Register,
  from: string | undefined,
  to: string | undefined,
): Generator<string> {
  const { companies, today, numbering, changed } = register
  const start = from === undefined ? 0 : firstIndexSince(dayOfIso(from), companies, today)
  const end = to === undefined ? companies : firstIndexSince(dayOfIso(to) + 1, companies, today)
  for (let index = start; index < end; index += 1) yield numbering.numberAt(index)
  for (const number of changed.keys()) {
    const index = indexOf(register, number)
    if (index !== undefined && (index < start || index >= end)) yield number
  }
}

/** The companies that the holder of an officer id may serve; each number once. */
export function numbersServed(register: Register, officerId: string): Set<string> {
  const numbers = new Set(register.listed.get(officerId))
  const owner = ownerOf(register.seed, officerId)
  if (owner?.kind === 'company' && owner.index < sizeOf(register)) numbers.add(numberAt(register, owner.index))
  if (!owner || owner.kind === 'company') return numbers
  const first = owner.index * GROUP_SIZES[owner.kind]
  const end = Math.min(first + GROUP_SIZES[owner.kind], sizeOf(register))
  for (let index = first; index < end; index += 1) {
    if (servesGroup(register.seed, index, owner.kind)) numbers.add(numberAt(register, index))
  }
  return numbers
}

/** Officers are linked from the profile when there are any (facts 1.4). */
function linked(company: SyntheticCompany, count: number): Record<string, string> {
  const { officers: _, ...links } = company.links
  return count > 0 ? { ...links, officers: `/company/${company.company_number}/officers` } : links
}

/** The age of a register: this share of its companies is older than so many days. */
const AGES = [
  { share: 0, ago: 60_000 },
  { share: 0.02, ago: 24_000 },
  { share: 0.06, ago: 15_000 },
  { share: 0.15, ago: 9_700 },
  { share: 0.35, ago: 5_300 },
  { share: 0.6, ago: 2_700 },
  { share: 0.85, ago: 1_000 },
  { share: 0.985, ago: 14 },
  { share: 1, ago: 0 },
]

/**
 * The day on which the company at `index` of `companies` was formed. It never falls with the index (numbers are handed
 * out in order), so a range of dates is a range of indexes; 1.5 % of a register were formed in its last fortnight.
 */
function createdDay(index: number, companies: number, today: number): number {
  const share = (index + 0.5) / companies
  let from = { share: 0, ago: 60_000 }
  for (const to of AGES) {
    if (share < to.share) {
      const part = (share - from.share) / (to.share - from.share)
      return today - Math.round(from.ago + (to.ago - from.ago) * part)
    }
    from = to
  }
  return today
}

/** The first index whose company was formed on `day` or later; `companies` when there is none. */
function firstIndexSince(day: number, companies: number, today: number): number {
  let low = 0
  let high = companies
  while (low < high) {
    const middle = (low + high) >> 1
    if (createdDay(middle, companies, today) < day) low = middle + 1
    else high = middle
  }
  return low
}
