// Who controls the companies of the synthetic register, in the members of the snapshot (facts 5.5).
import { dayOfIso, isoOfDay } from './days.ts'
import { drawFirm } from './people.ts'
import { drawAddress } from './places.ts'
import { hashText, Random, weights } from './random.ts'
import type { SyntheticCompany, SyntheticOfficer, SyntheticPsc } from './shapes.ts'

/** The part of a world from which the records of its companies are drawn. */
export interface PscSource {
  readonly seed: number
  readonly today: string
  company(number: string): SyntheticCompany | undefined
  officers(number: string): SyntheticOfficer[]
}

const PSC_TAG = hashText('persons with significant control')
const NEW_TAG = hashText('new persons with significant control')

/** What a company has: itself in control of somebody, of nobody, or of the law. */
const SITUATIONS = weights<Situation>([
  ['officer', 70],
  ['ceased', 10],
  ['corporate', 8],
  ['legal', 1],
  ['super-secure', 1],
  ['statement', 7],
  ['exempt', 1],
  ['nothing', 2],
])

type Situation = 'officer' | 'ceased' | 'corporate' | 'legal' | 'super-secure' | 'statement' | 'exempt' | 'nothing'

const SHARES = ['25-to-50-percent', '50-to-75-percent', '75-to-100-percent'] as const
/** The first day of the register of persons with significant control. */
const FIRST_DAY = '2016-04-06'

interface Draw {
  random: Random
  company: SyntheticCompany
  number: string
  today: number
}

/** Whether what is drawn of a company is withheld by law. */
export function isSuperSecure(seed: number, number: string): boolean {
  return new Random(seed, PSC_TAG, hashText(number)).weighted(SITUATIONS) === 'super-secure'
}

/** All records of a company as it is drawn, ceased ones too; empty for one without any, and for an unknown one. */
export function drawPscs(world: PscSource, number: string): SyntheticPsc[] {
  const company = world.company(number)
  if (!company) return []
  const random = new Random(world.seed, PSC_TAG, hashText(number))
  const draw = { random, company, number, today: dayOfIso(world.today) }
  const humans = world.officers(number).filter(({ nameElements, item }) => nameElements?.surname && item.date_of_birth)
  const [owner, second] = humans
  const situation = random.weighted(SITUATIONS)
  if (situation === 'nothing') return []
  if (situation === 'super-secure') return [superSecure(draw)]
  if (situation === 'exempt') return [exemption(draw)]
  if (situation === 'corporate' || situation === 'legal') return [body(draw, situation)]
  if (situation === 'statement' || !owner) return [statement(draw)]
  if (situation === 'ceased') {
    const ended = individual(draw, second ?? owner, isoOfDay(draw.today - random.between(1, 900)))
    return second ? [individual(draw, owner), ended] : [ended, statement(draw, ended)]
  }
  return [individual(draw, owner)]
}

function record(
  { random, number }: Draw,
  kind: string,
  segment: string,
  members: Record<string, unknown>,
): SyntheticPsc {
  const self = `/company/${number}/persons-with-significant-control${segment}/${random.id(27)}`
  return { ...members, kind, etag: random.hex(40), links: { self } }
}

function individual(draw: Draw, { nameElements = {}, item }: SyntheticOfficer, ceasedOn?: string): SyntheticPsc {
  const { title, forename, other_forenames: middle_name, surname } = nameElements
  const name = [title, forename, middle_name, surname].filter(Boolean).join(' ')
  return record(draw, 'individual-person-with-significant-control', '/individual', {
    address: item.address,
    ceased_on: ceasedOn,
    country_of_residence: item.country_of_residence,
    date_of_birth: item.date_of_birth,
    identity_verification_details: ceasedOn === undefined ? verification(draw) : undefined,
    name,
    name_elements: { title, forename, middle_name, surname },
    nationality: item.nationality,
    natures_of_control: natures(draw),
    notified_on: notifiedOn(draw),
  })
}

function verification({ random, today }: Draw): Record<string, string> | undefined {
  if (random.chance(0.4)) return undefined
  const due = today + random.between(-60, 200)
  if (random.chance(0.5)) {
    return {
      appointment_verification_end_on: '9999-12-31',
      appointment_verification_start_on: isoOfDay(today - random.between(1, 200)),
    }
  }
  return {
    appointment_verification_statement_date: isoOfDay(due - 14),
    appointment_verification_statement_due_on: isoOfDay(due),
  }
}

function body(draw: Draw, kind: 'corporate' | 'legal'): SyntheticPsc {
  const { random, company } = draw
  const identification =
    kind === 'legal'
      ? { legal_authority: 'Foxglove Act 1900', legal_form: 'Corporation Sole' }
      : {
          country_registered: 'England',
          legal_authority: 'Companies Act 2006',
          legal_form: 'Limited Company',
          place_registered: 'Companies House',
          registration_number: String(random.between(90_000_000, 98_999_999)),
        }
  const members = {
    address: drawAddress(random, company.jurisdiction),
    identification,
    name: kind === 'legal' ? 'The Foxglove Corporation' : drawFirm(random).corporateName,
    natures_of_control: natures(draw),
    notified_on: notifiedOn(draw),
  }
  return kind === 'legal'
    ? record(draw, 'legal-person-person-with-significant-control', '/legal-person', members)
    : record(draw, 'corporate-entity-person-with-significant-control', '/corporate-entity', members)
}

function superSecure(draw: Draw): SyntheticPsc {
  const description = 'super-secure-persons-with-significant-control'
  return record(draw, 'super-secure-person-with-significant-control', '/super-secure', { description })
}

/** That there is nobody, or that a person who was asked has not answered. */
function statement(draw: Draw, asked?: SyntheticPsc): SyntheticPsc {
  const drawn = record(draw, 'persons-with-significant-control-statement', '-statements', {
    linked_psc_name: asked?.name,
    notified_on: notifiedOn(draw),
    statement: asked ? 'psc-contacted-but-no-response' : 'no-individual-or-entity-with-signficant-control',
  })
  return asked ? { ...drawn, links: { ...drawn.links, person_with_significant_control: asked.links.self } } : drawn
}

function exemption({ random, number }: Draw): SyntheticPsc {
  const exemptions = {
    psc_exempt_as_trading_on_uk_regulated_market: {
      exemption_type: 'psc-exempt-as-trading-on-uk-regulated-market',
      items: [{ exempt_from: '2018-06-18' }],
    },
  }
  return { kind: 'exemptions', etag: random.hex(40), exemptions, links: { self: `/company/${number}/exemptions` } }
}

function natures({ random, company }: Draw): string[] {
  const share = random.pick(SHARES)
  if (company.type === 'llp') return [`voting-rights-${share}-limited-liability-partnership`]
  return [
    `ownership-of-shares-${share}`,
    ...(random.chance(0.6) ? [`voting-rights-${share}`] : []),
    ...(share === '75-to-100-percent' ? ['right-to-appoint-and-remove-directors'] : []),
  ]
}

function notifiedOn({ company: { date_of_creation: formed } }: Draw): string {
  return formed !== undefined && formed > FIRST_DAY ? formed : FIRST_DAY
}

/** One more who controls the company: one of its officers, or a body where it has nobody. `nth` tells newcomers apart. */
export function drawNewPsc(world: PscSource, number: string, nth: number, superSecurely: boolean): SyntheticPsc {
  const company = world.company(number)
  if (!company) throw new RangeError(`There is no company ${number}.`)
  const random = new Random(world.seed, NEW_TAG, hashText(`${number} ${nth}`))
  const draw = { random, company, number, today: dayOfIso(world.today) }
  if (superSecurely) return superSecure(draw)
  const humans = world.officers(number).filter(({ nameElements, item }) => nameElements?.surname && item.date_of_birth)
  const drawn = humans.length > 0 ? individual(draw, random.pick(humans)) : body(draw, 'corporate')
  return { ...drawn, notified_on: world.today }
}
