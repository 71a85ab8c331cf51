import { FORENAMES, SURNAMES } from '../world/people.ts'
import { hashText, Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import {
  addressPart,
  type CompanyDomain,
  domainOfName,
  FOREIGN_ENDINGS,
  foldLetters,
  isReserved,
  PARKED_HOSTS,
  titleCase,
  WEBMAIL_HOSTS,
} from './domains.ts'
import { type FinderEmail, finderEmails, type MailboxVerdict, type MailKind, mailOf, verdictOf } from './mailboxes.ts'

/** What the sandbox's Snov knows, faults aside: the same seed gives the same answers, whatever was asked before. */
export interface SnovTruth {
  /** By company number, or by name with or without its legal form; undefined for a miss. */
  domainOf(numberOrName: string): CompanyDomain | undefined
  /** Empty for a miss; each e-mail costs a credit. */
  emailsOf(firstName: string, lastName: string, domain: string): FinderEmail[]
  verdictOf(email: string): MailboxVerdict
  mailOf(domain: string): MailKind
  contactsOf(domain: string): DomainContacts
}

/** The truth behind a world's companies, and behind any other name that somebody asks for. */
export function createSnovTruth(world: World): SnovTruth {
  const { seed } = world
  return {
    domainOf: (numberOrName) => domainOfName(seed, world.company(numberOrName)?.company_name ?? numberOrName),
    emailsOf: (firstName, lastName, domain) => finderEmails(seed, firstName, lastName, domain),
    verdictOf: (email) => verdictOf(seed, email),
    mailOf: (domain) => mailOf(seed, domain.trim().toLowerCase()),
    contactsOf: (domain) => domainContacts(seed, domain),
  }
}

export interface Prospect {
  first_name: string
  last_name: string
  position: string
}

/** What Snov has gathered about a domain (facts section 5); none of it is verified. */
interface DomainContacts {
  /** Members as the domain search shows them; undefined when nothing is known. */
  company: Record<string, unknown> | undefined
  prospects: Prospect[]
  emails: string[]
  generic: string[]
}

const TAG = hashText('snov contacts')
const POSITIONS = ['Director', 'Finance Director', 'Office Manager', 'QA Engineer', 'Sales Manager', 'Web developer']
const ROLES = ['accounts', 'admin', 'bookings', 'hello', 'help', 'info', 'office', 'orders', 'sales']
const HOME = ['Bristol', 'Cardiff', 'Glasgow', 'Leeds', 'London', 'Manchester']
/** By ending: the city, and a number that nobody has. */
const ABROAD: Record<(typeof FOREIGN_ENDINGS)[number], readonly [city: string, phone: string]> = {
  gmbh: ['Hamburg', '4940000555'],
  pty: ['Sydney', '61255501234'],
  inc: ['New York', '12125550100'],
  srl: ['Milano', '390255501234'],
}
/** Telephone numbers that Ofcom keeps for drama. */
const DRAMA = 442079460000
const UNKNOWN_SHARE = 0.1

/** Draws what is known about a domain; nothing for webmail, deferred hosts and domains that somebody could own. */
function domainContacts(seed: number, domain: string): DomainContacts {
  const host = domain.trim().toLowerCase()
  const random = new Random(seed, TAG, hashText(host))
  const hosting = WEBMAIL_HOSTS.includes(host) || PARKED_HOSTS.includes(host)
  if (!isReserved(host) || hosting || random.chance(UNKNOWN_SHARE)) {
    return { company: undefined, prospects: [], emails: [], generic: [] }
  }
  const company = drawCompany(random, host)
  const prospects = Array.from({ length: random.below(46) }, () => drawProspect(random))
  const strangers = Array.from({ length: random.below(80) }, () => drawProspect(random))
  return {
    company,
    prospects,
    emails: addressesOf(seed, [...prospects, ...strangers], host),
    generic: ROLES.filter(() => random.chance(0.4)).map((role) => `${role}@${host}`),
  }
}

/** [B] whether Snov calls a host webmail: only the sandbox's own stand-ins are. */
export function isWebmail(domain: string): boolean {
  return WEBMAIL_HOSTS.includes(domain.trim().toLowerCase())
}

function drawCompany(random: Random, host: string): Record<string, unknown> {
  const label = host.split('.')[0] ?? ''
  const ending = FOREIGN_ENDINGS.find((each) => label.endsWith(`-${each}`))
  const [city, phone] = ending ? ABROAD[ending] : [random.pick(HOME), String(DRAMA + random.below(1000))]
  const name = titleCase(label.replace(/-(?:uk|gmbh|pty|inc|srl)$/, '').replace(/-/g, ' '))
  return {
    company_name: ending ? `${name} ${titleCase(ending)}` : name,
    city,
    founded: String(random.between(1960, 2024)),
    website: host,
    hq_phone: phone,
    industry: random.pick(['Computer Software', 'Construction', 'Food & Beverages', 'Retail']),
    size: random.pick(['1-10', '11-50', '51-200']),
    related_domains: random.chance(0.3) ? [`${label}-shop.example`] : [],
  }
}

function drawProspect(random: Random): Prospect {
  return {
    first_name: random.pick(FORENAMES),
    last_name: titleCase(random.pick(SURNAMES).toLowerCase()),
    position: random.pick(POSITIONS),
  }
}

/** Where the finder finds nothing there may still be an old address. */
function addressesOf(seed: number, people: readonly Prospect[], host: string): string[] {
  const addresses = people.map(({ first_name, last_name }) => {
    const found = finderEmails(seed, first_name, last_name, host)[0]?.email
    return found ?? `${addressPart(first_name)}.${addressPart(last_name) || foldedHash(last_name)}@${host}`
  })
  return [...new Set(addresses)]
}

function foldedHash(name: string): string {
  return hashText(foldLetters(name)).toString(36)
}
