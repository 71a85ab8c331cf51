import type { SyntheticOfficer } from './shapes.ts'

const FIRST = 10
const SECOND = 20
const LAST = 30

const RANKS: readonly (readonly [RegExp, number])[] = [
  [/secretary$/, FIRST],
  [/llp-designated-member$/, FIRST],
  [/llp-member$/, SECOND],
  [/director$/, SECOND],
]

/** The order of the list when none is asked for: by role, those in office first, then by name, newest first. */
export function defaultOrder(left: SyntheticOfficer, right: SyntheticOfficer): number {
  return (
    rank(left) - rank(right) || surnameOrder(left, right) || forenameOrder(left, right) || appointedOrder(left, right)
  )
}

/** Ascending by company name and surname; whoever lacks one comes first, as in MongoDB. */
export function surnameOrder(left: SyntheticOfficer, right: SyntheticOfficer): number {
  return (
    ascending(left.corporateName, right.corporateName) ||
    ascending(left.nameElements?.surname, right.nameElements?.surname)
  )
}

/** Newest appointment first; whoever lacks the date comes last. */
export function appointedOrder(left: SyntheticOfficer, right: SyntheticOfficer): number {
  return (
    ascending(right.item.appointed_on, left.item.appointed_on) ||
    ascending(right.item.appointed_before, left.item.appointed_before)
  )
}

/** Latest resignation first; whoever is in office comes last. */
export function resignedOrder(left: SyntheticOfficer, right: SyntheticOfficer): number {
  return ascending(right.item.resigned_on, left.item.resigned_on)
}

function forenameOrder(left: SyntheticOfficer, right: SyntheticOfficer): number {
  return ascending(left.nameElements?.forename, right.nameElements?.forename)
}

/** The service keeps a number per appointment (facts 1.5); its test data give 10, 20, 100 and 200, the rest is [B]. */
function rank({ item }: SyntheticOfficer): number {
  const inOffice = RANKS.find(([role]) => role.test(item.officer_role))?.[1] ?? LAST
  return item.resigned_on === undefined ? inOffice : inOffice * FIRST
}

function ascending(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0
  if (left === undefined) return -1
  if (right === undefined) return 1
  return left < right ? -1 : 1
}
