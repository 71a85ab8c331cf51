import { DAY_MS } from '../../clock.ts'

/** Dates as whole days since 1970-01-01 (UTC), which is what the synthetic register reckons with. */

const DAYS_PER_ERA = 146_097
/** From 0000-03-01, where the 400-year eras of the reckoning begin, to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468

const PADDED = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'))

export interface CalendarDay {
  year: number
  /** 1 to 12. */
  month: number
  day: number
}

/** The calendar day of a day number, by arithmetic alone: a register file asks for millions of them. */
export function calendarDay(dayNumber: number): CalendarDay {
  const shifted = dayNumber + DAYS_BEFORE_1970
  const era = Math.floor(shifted / DAYS_PER_ERA)
  const dayOfEra = shifted - era * DAYS_PER_ERA
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** Day number of a calendar day. The month may run past 12, and day 0 is the last day of the month before. */
export function dayOf(year: number, month: number, day: number): number {
  const marchYear = year + Math.floor((month - 3) / 12)
  const fromMarch = (((month - 3) % 12) + 12) % 12
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + Math.floor((153 * fromMarch + 2) / 5) + day - 1 - DAYS_BEFORE_1970
}

/** Days from 1770 on are kept once written; the register's oldest companies are younger. */
const FIRST_KEPT = -73_000
const kept: (string | undefined)[] = Array.from({ length: 110_000 })

/** `YYYY-MM-DD` of a day number. */
export function isoOfDay(dayNumber: number): string {
  const known = kept[dayNumber - FIRST_KEPT]
  if (known !== undefined) return known
  const { year, month, day } = calendarDay(dayNumber)
  const iso = `${year}-${PADDED[month]}-${PADDED[day]}`
  const place = dayNumber - FIRST_KEPT
  if (place >= 0 && place < kept.length) kept[place] = iso
  return iso
}

/** Day number of a `YYYY-MM-DD` date; NaN when it is not one. */
export function dayOfIso(iso: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(iso)
  const day = match ? dayOf(Number(match[1]), Number(match[2]), Number(match[3])) : Number.NaN
  return isoOfDay(day) === iso ? day : Number.NaN
}

/** Day number of a moment in milliseconds since 1970. */
export function dayOfMs(ms: number): number {
  return Math.floor(ms / DAY_MS)
}

/** The same day `months` later, or the last day of that month when it is shorter. */
export function addMonths(dayNumber: number, months: number): number {
  const { year, month, day } = calendarDay(dayNumber)
  return Math.min(dayOf(year, month + months, day), dayOf(year, month + months + 1, 0))
}
