import { hashText, Random, weights } from '../world/random.ts'
import { addressPart, isReserved, PARKED_HOSTS, WEBMAIL_HOSTS } from './domains.ts'

export type UnknownReason = 'banned' | 'catchall' | 'connection_error' | 'greylist' | 'hidden_by_owner'

/** What Snov says of an address (facts 4.1 and 6.1). */
export interface MailboxVerdict {
  smtp_status: 'valid' | 'unknown' | 'not_valid'
  is_valid_format: boolean
  is_disposable: boolean
  is_webmail: boolean
  is_gibberish: boolean
  unknown_status_reason?: UnknownReason
}

export type FinderEmail = { email: string } & MailboxVerdict

/** How a domain's mail server treats questions: an ordinary one answers them, `none` knows no address at all. */
export type MailKind = 'ordinary' | 'catchall' | 'greylist' | 'banned' | 'connection_error' | 'none'

const DOMAIN_TAG = hashText('snov mail')
const ADDRESS_TAG = hashText('snov address')

const MAIL_KINDS = weights<MailKind>([
  ['ordinary', 62],
  ['catchall', 20],
  ['greylist', 4],
  ['banned', 3],
  ['connection_error', 3],
  ['none', 8],
])

type Pattern = (first: string, last: string) => string

const PATTERNS = weights<Pattern>([
  [(first, last) => `${first}.${last}`, 45],
  [(first, last) => `${first.charAt(0)}${last}`, 20],
  [(first) => first, 15],
  [(first, last) => `${first.charAt(0)}.${last}`, 8],
  [(first, last) => `${first}${last}`, 7],
  [(first, last) => `${last}.${first}`, 5],
])

const FORMAT = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/
const HIDDEN_SHARE = 0.03
const SECOND_SHARE = 0.05

/** How this domain's mail server behaves; domains that somebody could own have no addresses here. */
export function mailOf(seed: number, domain: string): MailKind {
  if (!isReserved(domain) || WEBMAIL_HOSTS.includes(domain) || PARKED_HOSTS.includes(domain)) return 'none'
  return new Random(seed, DOMAIN_TAG, hashText(domain)).weighted(MAIL_KINDS)
}

/** The verifier's answer for any text; addresses whose person asked Snov to be left alone are `hidden_by_owner`. */
export function verdictOf(seed: number, email: string): MailboxVerdict {
  const address = email.trim().toLowerCase()
  const [local = '', domain = ''] = address.split('@')
  if (!FORMAT.test(address)) return verdict(local, domain, 'not_valid', undefined, false)
  // The sandbox has nothing to say about addresses that may be real.
  if (!isReserved(domain)) return verdict(local, domain, 'unknown', 'connection_error')
  const random = new Random(seed, ADDRESS_TAG, hashText(address))
  const kind = mailOf(seed, domain)
  if (kind !== 'none' && random.chance(HIDDEN_SHARE)) return verdict(local, domain, 'unknown', 'hidden_by_owner')
  if (kind === 'catchall') return verdict(local, domain, 'unknown', 'catchall')
  if (kind === 'none' || random.chance(0.25)) return verdict(local, domain, 'not_valid')
  if (kind !== 'ordinary') return verdict(local, domain, 'unknown', kind)
  return random.chance(0.06) ? verdict(local, domain, 'unknown', 'greylist') : verdict(local, domain, 'valid')
}

/** What the finder finds for a person, mostly one address or none; on a catch-all domain always a guess. */
export function finderEmails(seed: number, firstName: string, lastName: string, domain: string): FinderEmail[] {
  const host = domain.trim().toLowerCase()
  if (mailOf(seed, host) === 'none') return []
  const addresses = addressesOf(seed, firstName, lastName, host)
  return addresses.flatMap((email) => {
    const found = mailOf(seed, host) === 'catchall' ? caught(email) : verdictOf(seed, email)
    // [B] people who asked to be left alone are not found: the finder has no reason for them (facts 4.1).
    if (found.smtp_status === 'not_valid' || found.unknown_status_reason === 'hidden_by_owner') return []
    return [{ email, ...found }]
  })
}

/** The address by the domain's pattern; a few people have a second one [B]. */
function addressesOf(seed: number, firstName: string, lastName: string, host: string): string[] {
  const first = addressPart(firstName.trim().split(/\s+/)[0] ?? '')
  const last = addressPart(lastName)
  const unwritable = `person-${hashText(`${firstName} ${lastName}`.toLowerCase()).toString(36)}`
  const pattern = new Random(seed, DOMAIN_TAG, hashText(`pattern ${host}`)).weighted(PATTERNS)
  const usual = first === '' || last === '' ? first || last || unwritable : pattern(first, last)
  const random = new Random(seed, ADDRESS_TAG, hashText(`second ${usual}@${host}`))
  const second = random.chance(SECOND_SHARE) ? [`${usual}2`] : []
  return [usual, ...second].map((local) => `${local}@${host}`)
}

function caught(email: string): MailboxVerdict {
  const [local = '', domain = ''] = email.split('@')
  return verdict(local, domain, 'unknown', 'catchall')
}

function verdict(
  local: string,
  domain: string,
  smtp_status: MailboxVerdict['smtp_status'],
  reason?: UnknownReason,
  is_valid_format = true,
): MailboxVerdict {
  return {
    smtp_status,
    is_valid_format,
    is_disposable: domain === 'mailinator.test',
    is_webmail: WEBMAIL_HOSTS.includes(domain),
    is_gibberish: local.length > 4 && !/[aeiouy]/.test(local),
    ...(reason ? { unknown_status_reason: reason } : {}),
  }
}
