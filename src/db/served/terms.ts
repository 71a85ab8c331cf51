// What companies are found by in the index of names: each word, code and place as a term of its own. The first letter of a
// term says what it is, so that all kinds share one column. Terms only lead to companies: what is served is read from
// the tables and checked there, so a term may lead to more than is meant, never to less.
import { nameWords } from '../../names.ts'
import { outwardBeginnings, postcodeParts, postcodeSought } from '../../postcode.ts'

/** What to look for; everything given must be true of a company, and of a list any value. */
export interface NameQuery {
  all: boolean
  /** Words of the name in any order; `prefix` means a beginning. */
  words?: { word: string; prefix: boolean }[] | undefined
  /** Words of an officer's surname. */
  surname?: string[] | undefined
  officerId?: string | undefined
  status?: string[] | undefined
  type?: string[] | undefined
  /** Beginnings of SIC codes. */
  sic?: string[] | undefined
  /** Beginnings of postcodes. */
  postcode?: string[] | undefined
  locality?: string | undefined
  region?: string | undefined
}

/** The columns that terms are made of. */
export interface TermSource {
  company_name: string
  officers_state: string
  company_status: string | null
  type: string | null
  sic_codes: string | null
  postal_code: string | null
  locality: string | null
  region: string | null
}

/** The people of a company as the index knows them. */
export interface IndexedPerson {
  surname: string | null
  officer_id: string | null
}

/** Raise it whenever the terms of a company change: an index of other terms is made anew. */
export const TERMS_VERSION = `1 ${process.versions.unicode}`

/** Beginnings of words up to this length have terms of their own, as too many words share them to be gone through. */
const SHORT = 3
const CODE_DIGITS = 5
/** No part of a postcode is longer. */
const OUTWARD = 4

const COMPLETE = 'complete'

/**
 * What the index keeps of a company, a line for each kind of term: enough to tell whether anything has changed, and to
 * make again the terms that are to be taken out. People are known where the officers are complete.
 */
export function termSummary(source: TermSource, people: readonly IndexedPerson[]): string {
  const { company_name, officers_state, company_status, type, sic_codes, postal_code, locality, region } = source
  const [outward, inward] = postcodeParts(postal_code ?? '')
  const isComplete = officers_state === COMPLETE
  return [
    isComplete ? '1' : '',
    nameWords(company_name).join(' '),
    plain(company_status),
    plain(type),
    (sic_codes ?? '').split(',').map(plain).join(' '),
    `${outward.slice(0, OUTWARD)} ${inward.slice(0, 1)}`,
    plain(locality),
    plain(region),
    isComplete ? sortedOnce(people.flatMap(({ surname }) => nameWords(surname ?? ''))) : '',
    isComplete ? sortedOnce(people.flatMap(({ officer_id: id }) => (id === null ? [] : [idTerm(id)]))) : '',
  ].join('\n')
}

/** All terms of a summary, separated by blanks. */
export function termsOf(summary: string): string {
  const [scope, name = '', status, type, sic = '', place = '', locality, region, surnames = '', ids = ''] =
    summary.split('\n')
  const terms = new Set<string>()
  const add = (letter: string, value: string | undefined) => {
    if (value) terms.add(letter + value)
  }
  add('c', scope)
  for (const word of name.split(' ')) {
    add('n', word)
    for (const beginning of beginnings(word, SHORT)) add('b', beginning)
  }
  add('s', status)
  add('t', type)
  for (const code of sic.split(' ')) for (const beginning of beginnings(code, CODE_DIGITS)) add('i', beginning)
  const [outward = '', sector] = place.split(' ')
  for (const beginning of outwardBeginnings(outward)) add('o', beginning)
  if (sector) add('q', outward + sector)
  add('l', locality)
  add('r', region)
  for (const surname of surnames.split(' ')) add('y', surname)
  for (const id of ids.split(' ')) add('u', id)
  return [...terms].join(' ')
}

/**
 * The query of FTS5; null when the index finds nothing by what is given. Terms hold letters and digits only and are quoted,
 * so that nothing in them is an operator.
 */
export function termQuery({ all, words = [], surname = [], officerId, ...filters }: NameQuery): string | null {
  const { status, type, sic, postcode, locality, region } = filters
  const groups = [
    ...words.map(wordTerm),
    ...surname.map((word) => `"y${word}"`),
    ...(officerId === undefined ? [] : [`"u${idTerm(officerId)}"`]),
    ...anyOf('s', status),
    ...anyOf('t', type),
    ...anyOf('i', sic),
    ...(postcode ? [`(${postcode.map(placeTerm).join(' OR ')})`] : []),
    ...anyOf('l', locality === undefined ? undefined : [locality]),
    ...anyOf('r', region === undefined ? undefined : [region]),
  ]
  if (groups.length === 0) return null
  return [...groups, ...(all ? [] : ['"c1"'])].join(' AND ')
}

/** A value without letters and digits has no term; then the rows alone are asked. */
function anyOf(letter: string, values: string[] | undefined): string[] {
  const terms = values?.map(plain) ?? []
  if (terms.length === 0 || terms.includes('')) return []
  return [`(${terms.map((term) => `"${letter}${term}"`).join(' OR ')})`]
}

/** Whether the index finds companies by anything of what is given. */
export function isFindable(query: NameQuery): boolean {
  return termQuery(query) !== null
}

function wordTerm({ word, prefix }: { word: string; prefix: boolean }): string {
  if (!prefix) return `"n${word}"`
  return Array.from(word).length > SHORT ? `"n${word}"*` : `"b${word}"`
}

function placeTerm(typed: string): string {
  const { outward, inward } = postcodeSought(typed) ?? { outward: '', inward: '' }
  return inward === '' ? `"o${outward}"` : `"q${outward}${inward.charAt(0)}"`
}

function beginnings(text: string, longest: number): string[] {
  const letters = Array.from(text)
  return letters.slice(0, longest).map((_, index) => letters.slice(0, index + 1).join(''))
}

function sortedOnce(values: string[]): string {
  return [...new Set(values)].sort().join(' ')
}

/** What the tokenizer leaves of a text that is one term: ASCII letters and digits in lower case, and all beyond ASCII. */
function plain(text: string | null): string {
  return (text ?? '').toLowerCase().replace(/[^a-z\d\u0080-\u{10FFFF}]+/gu, '')
}

/** 52 bits of an officer id, whose case counts. Another id with the same ones is sorted out when the officers are read. */
function idTerm(officerId: string): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57]
  for (let index = 0; index < officerId.length; index += 1) {
    const code = officerId.charCodeAt(index)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return ((high >>> 0) * 0x100000 + (low >>> 12)).toString(36)
}
