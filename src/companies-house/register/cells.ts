// Cells of the register file whose values repeat from row to row.

const BRITISH_DAY = /^(\d{2})\/(\d{2})\/(\d{4})$/
const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})$/

/** The days of these years are kept once found: a row has six dates, and they repeat. */
const FIRST_YEAR = 1840
const YEARS = 220
const days: (string | undefined)[] = new Array(YEARS * 12 * 31)

/** `DD/MM/YYYY`, or a day that is ISO already; null when empty, undefined when there is no such day. */
export function isoDay(text: string): string | null | undefined {
  if (text === '') return null
  const place = text.length === 10 ? placeOfDay(text) : -1
  const known = days[place]
  if (known !== undefined) return known
  const day = readDay(text)
  if (place >= 0 && typeof day === 'string') days[place] = day
  return day
}

/** Where a British day is kept; below 0 for what is none, or not of these years. */
function placeOfDay(text: string): number {
  if (text.charCodeAt(2) !== SLASH || text.charCodeAt(5) !== SLASH) return -1
  const year = twoDigits(text, 6) * 100 + twoDigits(text, 8) - FIRST_YEAR
  const [month, day] = [twoDigits(text, 3) - 1, twoDigits(text, 0) - 1]
  const exists = year >= 0 && year < YEARS && month >= 0 && month < 12 && day >= 0 && day < 31
  return exists ? (year * 12 + month) * 31 + day : -1
}

const SLASH = 0x2f

/** NaN for what are none. */
function twoDigits(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - 0x30, text.charCodeAt(at + 1) - 0x30]
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function readDay(text: string): string | null | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return null
  const british = BRITISH_DAY.exec(trimmed)
  if (british) return existingDay(british[3], british[2], british[1])
  const iso = ISO_DAY.exec(trimmed)
  return iso ? existingDay(iso[1], iso[2], iso[3]) : undefined
}

function existingDay(year = '', month = '', day = ''): string | undefined {
  const exists = Number(year) > 0 && Number(day) > 0 && Number(day) <= daysIn(Number(year), Number(month))
  return exists ? `${year}-${month}-${day}` : undefined
}

/** 0 for what is no month. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  if (month < 1 || month > 12) return 0
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** The wordings of a register repeat; this many are remembered at most. */
const MOST_REMEMBERED = 1000

/** The same function, which remembers what it found. It keeps copies: a cell is a slice of its page, and would hold all of it. */
export function remembering<T>(find: (text: string) => T): (text: string) => T {
  const found = new Map<string, T>()
  return (text) => {
    const known = found.get(text)
    if (known !== undefined || found.has(text)) return known as T
    const copy = Buffer.from(text).toString()
    const value = find(copy)
    if (found.size < MOST_REMEMBERED) found.set(copy, value)
    return value
  }
}

const SIC_TEXT = /^\s*(\d{4,5})(?!\d)(?:\s*-\s*(.*\S))?/

/**
 * A function that takes the code out of `70229 - Management consultancy ...`; null for what has none, as `None Supplied`.
 * `onSic` is told what each code is called, one of four digits each time that it comes.
 */
export function sicReader(onSic: (code: string, description: string) => void): (text: string) => string | null {
  const told: (string | undefined)[] = new Array(100_000)
  return (text) => {
    const number = text.charCodeAt(5) === SPACE ? fiveDigits(text) : -1
    const known = told[number]
    if (known !== undefined) return known
    const [, code = null, description] = SIC_TEXT.exec(text) ?? []
    if (code === null || description === undefined) return code
    const copy = Buffer.from(code).toString()
    const place = code.length === 5 ? Number(code) : -1
    if (place < 0 || told[place] === undefined) onSic(copy, Buffer.from(description).toString())
    if (place >= 0) told[place] = copy
    return copy
  }
}

const SPACE = 0x20

/** -1 for what are none. */
function fiveDigits(text: string): number {
  let number = 0
  for (let at = 0; at < 5; at += 1) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
  }
  return number
}
