// Turns option text into values. Each throws a `usage` error whose sentence says what was expected.

import { parseDuration } from '../clock.ts'
import { ChpipeError } from '../errors.ts'
import { postcodeTest } from '../postcode.ts'
import { words } from './choices.ts'

export * from './choices.ts'

/** A whole number of at least `least`. */
export function count(least: 0 | 1): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text)
    throw new ChpipeError('usage', `Expected a whole number of at least ${least}, got: ${text}`)
  }
}

/** The place of an event in a stream: a whole number of up to fifteen digits. */
export function timepoint(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new ChpipeError('usage', `Expected a timepoint, a whole number, got: ${text}`)
}

/** A whole number from `least` to `most`. */
export function between(least: number, most: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text)
    throw new ChpipeError('usage', `Expected a whole number from ${least} to ${most}, got: ${text}`)
  }
}

/** `30d`, `15m`: milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== null) return ms
  throw new ChpipeError('usage', `Expected a duration such as 30s, 15m, 12h or 30d, got: ${text}`)
}

/** A calendar day, `YYYY-MM-DD`. */
export function day(text: string): string {
  const date = new Date(`${text}T00:00:00Z`)
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text))
    return text
  throw new ChpipeError('usage', `Expected a date as YYYY-MM-DD, got: ${text}`)
}

/** SIC codes separated by commas: five digits, or the four of SIC 2003 that old companies kept. */
export function sicCodes(text: string): string[] {
  const codes = words(text)
  const wrong = codes.find((code) => !/^\d{4,5}$/.test(code))
  if (wrong === undefined) return codes
  throw new ChpipeError('usage', `Expected SIC codes of four or five digits separated by commas, got: ${wrong}`)
}

/** Beginnings of postcodes separated by commas. */
export function postcodes(text: string): string[] {
  const prefixes = words(text)
  const wrong = prefixes.find((prefix) => postcodeTest(prefix) === null)
  if (wrong === undefined) return prefixes
  throw new ChpipeError('usage', `Expected beginnings of postcodes, such as N1 or SW1A 1AA, got: ${wrong}`)
}

/** A month of birth, `YYYY-MM`. */
export function monthOfBirth(text: string): string {
  if (/^(?:18|19|20)\d{2}-(?:0[1-9]|1[0-2])$/.test(text)) return text
  throw new ChpipeError('usage', `Expected a month of birth as YYYY-MM, got: ${text}`)
}
