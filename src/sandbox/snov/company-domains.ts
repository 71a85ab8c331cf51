import { hashText, Random, weights } from '../random.ts'
import { addressPart, companyKey, foldLetters } from './name-keys.ts'

/** What is behind the domain that a name leads to. */
export type DomainKind = 'own' | 'foreign' | 'group' | 'agent' | 'webmail' | 'parked'

export interface CompanyDomain {
  domain: string
  kind: DomainKind
}

const NAME_TAG = hashText('snov name')

/** Stand-ins for the hosts of the same first label, under names that nobody can own. */
export const WEBMAIL_HOSTS: readonly string[] = ['gmail.example', 'outlook.example', 'yahoo.test']
export const PARKED_HOSTS: readonly string[] = ['sedoparking.example', 'parkingcrew.test']
const AGENT_HOSTS = ['company-formations.example', 'registered-offices.test', 'accountants-online.example']

/** About 60 % of the names lead somewhere, and most of those to the company itself. */
const KINDS = weights<DomainKind | 'none'>([
  ['none', 40],
  ['own', 43],
  ['foreign', 5],
  ['group', 5],
  ['agent', 3],
  ['webmail', 2],
  ['parked', 2],
])

/** What a same-named company abroad adds to the name: nothing in Snov's answer tells the two apart (facts section 3). */
export const FOREIGN_ENDINGS = ['gmbh', 'pty', 'inc', 'srl'] as const

const STYLES = weights<'joined' | 'hyphens' | 'uk' | 'short'>([
  ['joined', 62],
  ['hyphens', 20],
  ['uk', 10],
  ['short', 8],
])

/** Whether nobody can own a name: the only ones that the sandbox invents domains and addresses under (RFC 2606). */
export function isReserved(domain: string): boolean {
  return /\.(?:example|test)$|(?:^|\.)example\.(?:com|net|org)$/.test(domain)
}

/** The domain that Snov knows for a company's name, legal form, case and accents aside; drawn from the seed and name. */
export function domainOfName(seed: number, name: string): CompanyDomain | undefined {
  const key = companyKey(name)
  const random = new Random(seed, NAME_TAG, hashText(key))
  const kind = key === '' ? 'none' : random.weighted(KINDS)
  return kind === 'none' ? undefined : { domain: drawDomain(random, kind, key), kind }
}

function drawDomain(random: Random, kind: DomainKind, key: string): string {
  switch (kind) {
    case 'own':
      return `${ownLabel(random, key)}.${random.chance(0.8) ? 'example' : 'test'}`
    case 'foreign':
      return `${label(key, '-')}-${random.pick(FOREIGN_ENDINGS)}.example`
    case 'group':
      return `${label(key.split(' ')[0] ?? '', '')}-group.example`
    case 'agent':
      return random.pick(AGENT_HOSTS)
    case 'webmail':
      return random.pick(WEBMAIL_HOSTS)
    case 'parked':
      return random.pick(PARKED_HOSTS)
  }
}

function ownLabel(random: Random, key: string): string {
  switch (random.weighted(STYLES)) {
    case 'joined':
      return label(key, '')
    case 'hyphens':
      return label(key, '-')
    case 'uk':
      return `${label(key, '')}-uk`
    case 'short':
      return label(initials(key), '')
  }
}

/** `harbour lane bakery` -> `hl bakery`. */
function initials(key: string): string {
  const words = key.split(' ')
  const last = words.pop() ?? ''
  return `${words.map((word) => word.charAt(0)).join('')} ${last}`
}

/** A label of at most 40 characters; names without a single Latin letter or digit get one by number. */
function label(key: string, between: string): string {
  const words = foldLetters(key).split(' ').map(addressPart)
  const text = words.filter((word) => word !== '').join(between)
  return text.slice(0, 40).replace(/-+$/, '') || `company-${hashText(key).toString(36)}`
}
