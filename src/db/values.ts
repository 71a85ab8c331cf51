// The values of suppressions. What is suppressed and what is looked up go through the same functions, so that neither
// case nor accents nor punctuation let anybody slip through.
import { domainToASCII } from 'node:url'
import { companyNumber } from '../company-number.ts'

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const HOST = new RegExp(`^(?=.{4,253}$)(?:${LABEL}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`)
const PLAIN_HOST = /^[a-z0-9._-]+$/
const LOCAL_PART = /^[^\s@<>(),;:"[\]\\\p{C}]{1,64}$/u

/** A domain in lower case and punycode, without `www.` and a final dot; null for anything else. */
export function normalDomain(text: string): string | null {
  return normalHost(text)?.replace(/^www\.(?=.+\.)/, '') ?? null
}

function normalHost(text: string): string | null {
  const host = text.trim().toLowerCase().replace(/\.$/, '')
  if (/[\s/?#:@\\%]/.test(host)) return null
  const ascii = PLAIN_HOST.test(host) ? host : domainToASCII(host)
  return HOST.test(ascii) ? ascii : null
}

/** An e-mail address in lower case, its domain in punycode; null for anything else. */
export function normalEmail(text: string): string | null {
  const address = text.trim().normalize('NFC').toLowerCase()
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(0, at))
  const host = normalHost(address.slice(at + 1))
  return host !== null && LOCAL_PART.test(local) ? `${local}@${host}` : null
}

/** Loaded when something is hashed: that takes longer than reading a report, which hashes nothing. */
function crypto() {
  return process.getBuiltinModule('node:crypto')
}

/** SHA-256 in hex of an e-mail address as it is compared; it is stored only as a keyed hash of this. */
export function emailHash(address: string): string {
  return crypto()
    .createHash('sha256')
    .update(normalEmail(address) ?? address.trim().toLowerCase())
    .digest('hex')
}

/**
 * The digits of a person number that name the person: the first eight of twelve, the rest tell variants (facts 10.4). Null
 * for what is no person number, such as an officer id. Leading zeros may be lost.
 */
export function personPrefix(text: string | null | undefined): string | null {
  const digits = (text ?? '').replace(/\s/g, '')
  if (/^\d{8}$/.test(digits)) return digits
  return /^\d{9,12}$/.test(digits) ? digits.padStart(12, '0').slice(0, 8) : null
}

/** HMAC-SHA-256 in hex: without the key nobody can tell what it is a hash of by trying. */
export function keyedHash(key: string, text: string): string {
  return crypto().createHmac('sha256', key).update(text).digest('hex')
}

/** What is stored of an e-mail address of that hash. */
export function keyedEmail(key: string, hash: string): string {
  return keyedHash(key, `email:${hash}`)
}

// Which corporate officers are companies of the register itself: elsewhere the same number is another company's.

/** What an appointment says about the body that holds it, as typed there. */
export interface BodyFacts {
  identification_type?: string | null | undefined
  legal_authority?: string | null | undefined
  place_registered?: string | null | undefined
  register_location?: string | null | undefined
  registration_number?: string | null | undefined
}

const NORTHERN = '(?<![a-z])n(?:orthern|orth|th)?\\.?.?'

/** Whole words of lower case; a dot stands for a blank, since blanks part the list. */
function places(list: string): RegExp {
  return new RegExp(`(?<![a-z])(?:${list.trim().split(/\s+/).join('|')})(?![a-z])`)
}

const UNITED_KINGDOM = places(`england english wales welsh scotland scottish ${NORTHERN}ireland united.kingdom u\\.?.?k
  great.britain britain gbr? e.?&.?w companies.house london cardiff edinburgh belfast`)

/** Places near to the words above that have registers of their own. */
const ELSEWHERE =
  places(`jersey guernsey alderney sark channel.islands? isle.of.man i\\.?o\\.?m gibraltar virgin.islands?
  b\\.?v\\.?i tortola cayman bermuda anguilla turks montserrat falklands? st\\.?.helena delaware nevada wyoming
  united.states u\\.?.?s\\.?(?:.?a)? new.south.wales new.england nova.scotia british.columbia ontario canada australia
  british.indian (?<!${NORTHERN})ireland eire dublin luxembourg cyprus malta seychelles mauritius hong.kong singapore
  marshall.islands`)

/**
 * The number of a body that the appointment says is registered in the United Kingdom, in the register's own form; null for
 * every other. Its kind says so (`uk-limited-company`), else the place, else, where no place is given, the law.
 */
export function ukBodyNumber(body: BodyFacts): string | null {
  return body.registration_number && isRegisteredInUk(body) ? companyNumber(body.registration_number) : null
}

function isRegisteredInUk(body: BodyFacts): boolean {
  const kind = body.identification_type
  const [law = '', ...places] = [body.legal_authority, body.place_registered, body.register_location].map(plain)
  if (places.some((text) => ELSEWHERE.test(text))) return false
  if (kind === 'uk-limited-company') return true
  if (places.some((text) => text !== '')) return places.some((text) => UNITED_KINGDOM.test(text))
  return kind !== 'eea' && kind !== 'non-eea' && !ELSEWHERE.test(law) && UNITED_KINGDOM.test(law)
}

function plain(text: string | null | undefined): string {
  return (text ?? '').toLowerCase().replace(/\s+/g, ' ').trim()
}
