// What is filed with some roles alone, and how far the identity of somebody in a role is verified (facts 10.1, 10.3).
import { dayOfIso, isoOfDay } from './days.ts'
import { drawAddress } from './places.ts'
import { type Random, weights } from './random.ts'
import type { SyntheticOfficerItem } from './shapes.ts'

export interface RoleDraw {
  role: string
  corporate: boolean
}

/** Members of managing officers of overseas entities, and of the partners of limited partnerships. */
export function drawRoleDetails(random: Random, { role, corporate }: RoleDraw): Partial<SyntheticOfficerItem> {
  if (role.endsWith('managing-officer')) {
    return {
      ...(corporate ? corporateManager(random) : {}),
      responsibilities: random.pick(['Management', 'Day to day management of the entity', 'Signs for the entity']),
    }
  }
  if (!role.includes('partner-in-a-limited-partnership')) return {}
  return {
    ...(corporate ? corporatePartner(random) : {}),
    ...(role.includes('limited-partner-') ? contribution(random) : {}),
  }
}

function corporateManager(random: Random): Partial<SyntheticOfficerItem> {
  return {
    contact_details: { contact_name: random.pick(['Foxglove Contact Desk', 'Gaston Exemple', 'The Registrar']) },
    principal_office_address: drawAddress(random, 'england-wales'),
    identification: {
      identification_type: 'registered-overseas-entity-corporate-managing-officer',
      legal_authority: 'Luxembourg',
      legal_form: 'Société Anonyme',
      place_registered: 'Rcs Luxembourg',
      registration_number: `B ${random.between(10_000, 99_999)}`,
    },
  }
}

/** Most have a principal office alone, and no address for correspondence. */
function corporatePartner(random: Random): Partial<SyntheticOfficerItem> {
  return {
    ...(random.chance(0.7) ? { address: undefined } : {}),
    principal_office_address: drawAddress(random, 'scotland'),
    identification: {
      identification_type: 'limited-partnership-corporate-partner',
      legal_authority: 'Companies Act 2006',
      legal_form: 'Private Limited Company',
      place_registered: 'Companies House',
      register_location: 'United Kingdom',
      registration_number: `SC${random.between(100_000, 999_999)}`,
    },
  }
}

const SUB_TYPES = ['money', 'land-or-property', 'shares', 'services-or-goods', 'any-other-asset']

/** Of a kind that the service cannot name, an empty object is left. */
function contribution(random: Random): Partial<SyntheticOfficerItem> {
  const first = random.between(0, SUB_TYPES.length - 1)
  const kinds = random.chance(0.3) ? [SUB_TYPES[first], SUB_TYPES[(first + 1) % SUB_TYPES.length]] : [SUB_TYPES[first]]
  return {
    contribution_currency_type: 'GBP',
    contribution_currency_value: `${random.between(1, 50_000)}${random.chance(0.5) ? '' : '.50'}`,
    contribution_sub_types: kinds.map((sub_type) => (random.chance(0.02) ? {} : { sub_type })),
  }
}

type Standing = 'through an agent' | 'directly' | 'due' | 'overdue' | 'withdrawn' | 'nothing'

const STANDINGS = weights<Standing>([
  ['through an agent', 22],
  ['directly', 18],
  ['due', 18],
  ['overdue', 5],
  ['withdrawn', 2],
  ['nothing', 35],
])

/** An end that has not come (facts 10.1). */
const OPEN = '9999-12-31'

/**
 * The verification of a natural person, in the shapes that were seen: through an agent with all members, directly with two
 * dates alone, or only the day by which a statement is due. It ends with the office.
 */
export function drawVerification(
  random: Random,
  today: number,
  { appointed_on, resigned_on }: Pick<SyntheticOfficerItem, 'appointed_on' | 'resigned_on'>,
): Partial<SyntheticOfficerItem> {
  const standing = random.weighted(STANDINGS)
  const since = Math.min(
    today,
    Math.max(appointed_on === undefined ? 0 : dayOfIso(appointed_on), today - random.between(2, 360)),
  )
  const soon = today + random.between(0, 300)
  const late = today - random.between(1, 60)
  if (standing === 'nothing') return {}
  const isOwed = standing === 'due' || standing === 'overdue'
  if (isOwed && resigned_on !== undefined) return {}
  if (isOwed) {
    const due = isoOfDay(standing === 'due' ? soon : late)
    return { identity_verification_details: { appointment_verification_statement_due_on: due } }
  }
  const end = resigned_on ?? (standing === 'withdrawn' ? isoOfDay(Math.max(since, today - random.below(30))) : OPEN)
  if (end < isoOfDay(since)) return {}
  const dates = { appointment_verification_end_on: end, appointment_verification_start_on: isoOfDay(since) }
  return { identity_verification_details: standing === 'through an agent' ? throughAgent(random, dates, since) : dates }
}

function throughAgent(random: Random, dates: Record<string, string>, since: number): Record<string, string | string[]> {
  return {
    anti_money_laundering_supervisory_bodies: random.chance(0.2)
      ? ['Association of Chartered Certified Accountants (ACCA)', 'HM Revenue & Customs']
      : ['Association of Chartered Certified Accountants (ACCA)'],
    ...dates,
    authorised_corporate_service_provider_name: random.pick(['FOXGLOVE FORMATIONS LIMITED', 'HAWTHORN VERIFIERS LLP']),
    identity_verified_on: isoOfDay(since - random.between(0, 40)),
    preferred_name: random.pick(['Jo Foxglove', 'Sam Hawthorn', 'Chloë Rowan']),
  }
}
