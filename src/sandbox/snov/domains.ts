import { hashText, Random, weights } from '../world/random.ts'

/** What is behind the domain that a name leads to. */
export type DomainKind = 'own' | 'foreign' | 'group' | 'agent' | 'webmail' | 'deferred'

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
  ['deferred', 2],
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
    case 'deferred':
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

const PLAIN_LETTERS: Record<string, string> = { ø: 'o', ł: 'l', ß: 'ss', đ: 'd', ı: 'i', æ: 'ae', œ: 'oe', þ: 'th' }

const LEGAL_FORM =
  / (?:limited|ltd|plc|public limited company|unlimited|unltd|llp|limited liability partnership|lp|limited partnership|cic|community interest company|cyf|ccc|inc|gmbh|bv|sa|sarl)$/

/** Letters without case and accents, as far as they have a plain form. */
export function foldLetters(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[øłßđıæœþ]/g, (letter) => PLAIN_LETTERS[letter] ?? letter)
}

/** What a company's name comes down to: lower-case words without punctuation and legal form. */
export function companyKey(name: string): string {
  let words = foldLetters(name)
    .replace(/&/g, ' and ')
    .replace(/['’.]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
  while (LEGAL_FORM.test(words)) words = words.replace(LEGAL_FORM, '')
  return words
}

/** The part of a person's name that goes into an address: a to z and digits only, possibly nothing. */
export function addressPart(name: string): string {
  return foldLetters(name).replace(/[^a-z0-9]/g, '')
}

/** One spelling for inputs that differ only in case, spaces and Unicode composition. */
export function plainText(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim()
}

/** Starts with a capital, as in `Harbour Bakery`. */
export function titleCase(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1))
}
