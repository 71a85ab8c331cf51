import { dayOf, isoOfDay } from './days.ts'
import type { CompanyKind } from './kinds.ts'
import { drawOfficerId, type IdOwner } from './numbering.ts'
import { drawFirm, drawHuman, listName, type Person } from './people.ts'
import { drawAddress } from './places.ts'
import { mix, Random, type Weighted, weights } from './random.ts'
import { drawRoleDetails, drawVerification, type RoleDraw } from './role-details.ts'
import type { SyntheticOfficer, SyntheticOfficerItem } from './shapes.ts'

const OFFICER_TAG = 31
const PERSON_TAG = 32
const SHARED_TAG = 33
const COUNT_TAG = 34

/** Companies that share one serial director are neighbours in groups of 16; a nominee secretary serves groups of 4,096. */
export const GROUP_SIZES = { director: 16, nominee: 4096 } as const

const SECOND_OF_1992 = dayOf(1992, 9, 1)

export interface OfficersDraw {
  seed: number
  index: number
  number: string
  kind: CompanyKind
  /** The day the company was formed, also when its profile does not tell. */
  formedDay: number
  today: number
  /** The day around which verifications stand. */
  verificationsOn: number
  count: number
}

/** How many officers the company at `index` has: mostly 1 to 5, sometimes none, sometimes just at a page's edge. */
export function officerCount(seed: number, index: number, kind: CompanyKind): number {
  if (kind.roles === 'none') return 0
  const random = new Random(seed, COUNT_TAG, index)
  const size = random.weighted(SIZES)
  return random.between(size.from, size.to)
}

const SIZES = weights([
  [{ from: 1, to: 2 }, 72],
  [{ from: 3, to: 5 }, 18],
  [{ from: 6, to: 20 }, 6],
  [{ from: 0, to: 0 }, 2],
  [{ from: 34, to: 36 }, 1],
  [{ from: 49, to: 51 }, 0.5],
  [{ from: 99, to: 101 }, 0.3],
  [{ from: 260, to: 260 }, 0.1],
])

/** Draws `count` officers, in the order in which the API lists them by default. */
export function drawOfficers(draw: OfficersDraw): SyntheticOfficer[] {
  return Array.from({ length: draw.count }, (_, slot) => drawOfficer(draw, slot)).sort(defaultOrder)
}

/** One more officer, whose role and name put it in front of a list already drawn: a new appointment in the midst of paging. */
export function drawNewcomer(draw: OfficersDraw): SyntheticOfficer {
  const officer = drawOfficer(draw, draw.count + 1)
  const nameElements = { forename: 'Zebedee', surname: 'AARDVARK' }
  const role = draw.kind.roles === 'llp' ? 'llp-designated-member' : 'secretary'
  const { resigned_on: _, identification: __, ...item } = officer.item
  return {
    appointmentId: officer.appointmentId,
    officerId: officer.officerId,
    nameElements,
    item: { ...item, name: listName(nameElements), officer_role: role },
  }
}

/** Whether the company's first officer is the serial director of its group, or its second the group's nominee. */
export function servesGroup(seed: number, index: number, kind: 'director' | 'nominee'): boolean {
  return mix(seed, SHARED_TAG, kind === 'director' ? 1 : 2, index) % (kind === 'director' ? 10 : 40) === 0
}

function drawOfficer(draw: OfficersDraw, slot: number): SyntheticOfficer {
  const random = new Random(draw.seed, OFFICER_TAG, draw.index, slot)
  const owner = ownerOfSlot(draw, slot)
  const second = owner.kind === 'nominee' ? 'nominee' : owner.slot !== slot ? 'same' : undefined
  const role = drawRole(random, draw.kind, slot, second)
  const person = drawPerson(draw, owner, role)
  const filed = { ...role, role: filedRole(draw, slot, role) }
  const id = drawOfficerId(draw.seed, owner)
  const appointmentId = new Random(draw.seed, OFFICER_TAG, draw.index, slot, 1).id(27)
  return {
    appointmentId,
    officerId: id,
    ...(person.nameElements === undefined ? {} : { nameElements: person.nameElements }),
    ...(person.corporateName === undefined ? {} : { corporateName: person.corporateName }),
    item: drawItem(random, draw, filed, person, {
      self: `/company/${draw.number}/appointments/${appointmentId}`,
      officer: { appointments: `/officers/${id}/appointments` },
    }),
  }
}

/** Firms are sometimes filed under the role of a person (facts 1.5). */
function filedRole({ seed, index }: OfficersDraw, slot: number, { role, corporate }: RoleDraw): string {
  const misfiled =
    corporate && role === 'corporate-director' && new Random(seed, OFFICER_TAG, index, slot, 2).chance(0.1)
  return misfiled ? 'director' : role
}

/** In every twelfth company the first two appointments belong to one human, under one officer id. */
function ownerOfSlot({ seed, index, kind }: OfficersDraw, slot: number): IdOwner {
  if (kind.roles === 'directors' && slot === 0 && servesGroup(seed, index, 'director')) {
    return { kind: 'director', index: Math.floor(index / GROUP_SIZES.director), slot: 0 }
  }
  if (kind.roles === 'directors' && slot === 1 && servesGroup(seed, index, 'nominee')) {
    return { kind: 'nominee', index: Math.floor(index / GROUP_SIZES.nominee), slot: 0 }
  }
  const twice = slot === 1 && kind.roles === 'directors' && index % 12 === 7 && !servesGroup(seed, index, 'director')
  return { kind: 'company', index, slot: twice ? 0 : slot }
}

function drawPerson({ seed, today }: OfficersDraw, owner: IdOwner, role: RoleDraw): Person {
  const random = new Random(seed, PERSON_TAG, owner.kind.charCodeAt(0), owner.index, owner.slot)
  return role.corporate ? drawFirm(random) : drawHuman(random, today)
}

function drawItem(
  random: Random,
  draw: OfficersDraw,
  role: RoleDraw,
  person: Person,
  links: SyntheticOfficerItem['links'],
): SyntheticOfficerItem {
  const secretary = role.role.endsWith('secretary')
  const { date_of_birth, country_of_residence, occupation, ...traits } = person.traits
  const address = drawAddress(random, draw.kind.jurisdiction)
  const tenure = drawTenure(random, draw)
  const apart = new Random(random.next())
  return {
    address,
    ...tenure,
    // Secretaries have neither a date of birth nor a country of residence (facts 1.5).
    ...(secretary ? {} : { country_of_residence, date_of_birth }),
    ...(secretary ? {} : { occupation }),
    ...traits,
    ...drawRoleDetails(apart, role),
    ...(role.corporate ? {} : drawVerification(apart, draw.verificationsOn, tenure)),
    etag: random.hex(40),
    links,
    name: person.listName,
    officer_role: role.role,
    person_number: `${person.personKey}${String(random.between(1, 30)).padStart(4, '0')}`,
  }
}

function drawTenure(random: Random, { formedDay: from, today, count }: OfficersDraw): Partial<SyntheticOfficerItem> {
  const founder = random.chance(0.5)
  const appointed = founder ? from : from + Math.floor((today - from) * random.fraction() * 0.9)
  const resigned = count > 1 && today - appointed > 30 && random.chance(0.3)
  const until = appointed + 1 + Math.floor((today - appointed - 1) * random.fraction())
  return {
    ...(appointed < SECOND_OF_1992
      ? {
          appointed_before: isoOfDay(Math.max(appointed, SECOND_OF_1992 - random.below(600))),
          is_pre_1992_appointment: true,
        }
      : { appointed_on: isoOfDay(appointed), is_pre_1992_appointment: false }),
    ...(resigned ? { resigned_on: isoOfDay(Math.max(until, SECOND_OF_1992 + 1)) } : {}),
  }
}

function human(role: string, weight: number): readonly [RoleDraw, number] {
  return [{ role, corporate: false }, weight]
}

function firm(role: string, weight: number): readonly [RoleDraw, number] {
  return [{ role, corporate: true }, weight]
}

/** Roles of facts 1.5 by kind of company; the first officer of a company is of the first role. */
const ROLES: Record<Exclude<CompanyKind['roles'], 'none'>, Weighted<RoleDraw>> = {
  directors: weights([
    human('director', 780),
    human('secretary', 120),
    firm('corporate-director', 25),
    firm('corporate-secretary', 30),
    human('nominee-director', 8),
    human('nominee-secretary', 8),
    firm('corporate-nominee-director', 6),
    firm('corporate-nominee-secretary', 10),
    human('receiver-and-manager', 1),
    human('judicial-factor', 1),
    // Some firms are filed under a role for humans (F-1034).
    firm('director', 3),
  ]),
  llp: weights([
    human('llp-designated-member', 50),
    human('llp-member', 40),
    firm('corporate-llp-designated-member', 6),
    firm('corporate-llp-member', 4),
  ]),
  partners: weights([
    firm('corporate-general-partner-in-a-limited-partnership', 45),
    human('limited-partner-in-a-limited-partnership', 30),
    firm('corporate-limited-partner-in-a-limited-partnership', 10),
    // As before the corporate roles came in 2026.
    firm('general-partner-in-a-limited-partnership', 5),
    human('general-partner-in-a-limited-partnership', 10),
  ]),
  overseas: weights([human('managing-officer', 60), firm('corporate-managing-officer', 40)]),
}

const DIRECTOR: RoleDraw = { role: 'director', corporate: false }
const SECRETARY: RoleDraw = { role: 'secretary', corporate: false }
const NOMINEE: RoleDraw = { role: 'corporate-nominee-secretary', corporate: true }

/**
 * The role of the officer in `slot`. `second` asks for a fixed second officer: the nominee of a group, or the first
 * officer once more as secretary.
 */
function drawRole(random: Random, kind: CompanyKind, slot: number, second: 'nominee' | 'same' | undefined): RoleDraw {
  if (kind.roles === 'none') return DIRECTOR
  const roles = ROLES[kind.roles]
  if (slot === 0) return roles.items[0] ?? DIRECTOR
  if (slot === 1 && second !== undefined && kind.roles === 'directors')
    return second === 'nominee' ? NOMINEE : SECRETARY
  return kind.subtype === 'community-interest-company' && random.chance(0.05)
    ? { role: 'cic-manager', corporate: false }
    : random.weighted(roles)
}

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
