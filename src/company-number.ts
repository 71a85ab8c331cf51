// Company numbers as people type them, in options, lists, web addresses and on the forms of the register itself.

/** Eight characters, never a list of prefixes: new ones appear, and some numbers end in a letter (facts 1.2). */
export const COMPANY_NUMBER = /^[A-Z0-9]{8}$/

/** What stands around a number and is no part of it. */
const AROUND = [
  'E\\s*&\\s*W',
  'COMPAN(?:Y|IES)',
  'CO',
  'REGISTERED',
  'REGISTRATION',
  'REGISTER',
  'REG',
  'CRN',
  'NUMBER',
  'NUM',
  'HOUSE',
  'ENGLAND',
  'WALES',
  'SCOTLAND',
  'NORTHERN\\s+IRELAND',
  'UNITED\\s+KINGDOM',
  'GREAT\\s+BRITAIN',
  'UK',
  'GB',
  'THE',
  'AND',
  'IN',
  'OF',
  'AT',
  'IS',
  'UNDER',
  'WITH',
].join('|')
const WORDS_AROUND = new RegExp(`(?<![A-Z0-9])(?:${AROUND})(?![A-Z0-9])`, 'g')

const NUMBER = /^(R0?(?=[\dO])|[A-Z]{2})?[\s./-]*([\dO](?:[\dO\s.,']*[\dO])?)(?:\s*([A-Z]))?$/
const GROUPS = /^\d{1,3}([.,'])\d{3}(?:\1\d{3})*$|^\d+(?:\.\d+){2,}$/
const MAX_LENGTH = 100

/**
 * The number in the register's own form, eight characters: `SC 23716`, `sc023716.` and `No. SC023716 (Scotland)` are
 * `SC023716`; `445,790` and `Company No 445790` are `00445790`. Null for what is no company number, or might be several.
 * The register promises no list of prefixes (facts 1.2), so any two letters are one.
 */
export function companyNumber(typed: string): string | null {
  if (typed.length > MAX_LENGTH) return null
  const text = typed.normalize('NFKC').trim()
  const bare = bareNumber(text.toUpperCase(), /^No/.test(text))
  if (/^(?:\d{8}|[A-Z]{2}\d{6}|[A-Z]{2}\d{5}[A-Z]|R\d{7})$/.test(bare)) return /^0+$/.test(bare) ? null : bare
  const [, prefix = '', body = '', suffix = ''] = NUMBER.exec(bare) ?? []
  const digits = digitsOf(body)
  if (digits !== null && (suffix === '' || prefix.length === 2)) return padded(prefix, digits, suffix)
  return /^(?=(?:\D*\d){4})[A-Z0-9]{8}$/.test(bare) ? bare : null
}

/** Without the words, brackets and signs around a number; a bar stays where they part two. `NO` is also a prefix. */
function bareNumber(upper: string, isWord: boolean): string {
  const prefixed = !isWord && /^NO(?:\d{6}| 0\d{5})$/.test(upper)
  return upper
    .replace(/[\u200b-\u200f\u2060\ufeff]/g, '')
    .replace(/[’‘`]/g, "'")
    .replace(/(?<![A-Z0-9])([A-Z])\.\s?([A-Z])\.?(?![A-Z])/g, '$1$2')
    .replace(WORDS_AROUND, '|')
    .replace(prefixed ? /(?!)/g : /(?<![A-Z0-9])(?:NO|NR(?=\.)|N°)(?=[\s.\d]|$)/g, '|')
    .replace(/[()[\]{}<>"“”:;#*&=_|]/g, '|')
    .replace(/^[\s.,'/|-]+|[\s.,'/|-]+$/g, '')
    .replace(/^OO(?=\d)/, '00')
}

/** The digits with a letter O read as the zero it stands for; null where the signs between them part several numbers. */
function digitsOf(body: string): string | null {
  const text = body.replaceAll('O', '0')
  const whole = GROUPS.test(text) ? text.replace(/[.,']/g, '') : text.replace(/\.0{1,2}$/, '')
  return whole === '' || /[.,']/.test(whole) ? null : whole.replace(/\s/g, '')
}

function padded(prefix: string, digits: string, suffix: string): string | null {
  const letters = prefix === 'R0' ? 'R' : prefix
  const width = 8 - letters.length - suffix.length
  return /^0+$/.test(digits) || digits.length > width ? null : letters + digits.padStart(width, '0') + suffix
}
