// The values of suppressions. What is suppressed and what is looked up go through the same functions, so that neither
// case nor accents nor punctuation let anybody slip through.
import { createHash, createHmac } from 'node:crypto'
import { domainToASCII } from 'node:url'

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const HOST = new RegExp(`^(?=.{4,253}$)(?:${LABEL}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`)
const PLAIN_HOST = /^[a-z0-9._-]+$/
const LOCAL_PART = /^[^\s@<>(),;:"[\]\\\p{C}]{1,64}$/u

/** A domain in lower case and punycode, without `www.` and a final dot; null for what is none. */
export function normalDomain(text: string): string | null {
  return normalHost(text)?.replace(/^www\.(?=.+\.)/, '') ?? null
}

function normalHost(text: string): string | null {
  const host = text.trim().toLowerCase().replace(/\.$/, '')
  if (/[\s/?#:@\\%]/.test(host)) return null
  const ascii = PLAIN_HOST.test(host) ? host : domainToASCII(host)
  return HOST.test(ascii) ? ascii : null
}

/** An e-mail address in lower case, its domain in punycode; null for what is none. */
export function normalEmail(text: string): string | null {
  const address = text.trim().normalize('NFC').toLowerCase()
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(0, at))
  const host = normalHost(address.slice(at + 1))
  return host !== null && LOCAL_PART.test(local) ? `${local}@${host}` : null
}

/** SHA-256 in hex of an e-mail address as it is compared; it is stored only as a keyed hash of this. */
export function emailHash(address: string): string {
  return createHash('sha256')
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
  return createHmac('sha256', key).update(text).digest('hex')
}

/** What is stored of an e-mail address of that hash. */
export function keyedEmail(key: string, hash: string): string {
  return keyedHash(key, `email:${hash}`)
}
