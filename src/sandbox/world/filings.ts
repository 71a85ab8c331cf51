import { addMonths, calendarDay, dayOf, isoOfDay } from './days.ts'
import type { CompanyKind } from './kinds.ts'
import { type Random, weights } from './random.ts'
import type { SyntheticAccounts, SyntheticCompany, SyntheticStatement } from './shapes.ts'

const ACCOUNTS_TYPES = weights([
  ['micro-entity', 35],
  ['total-exemption-full', 25],
  ['dormant', 14],
  ['unaudited-abridged', 8],
  ['full', 6],
  ['small', 5],
  ['total-exemption-small', 3],
  ['group', 2],
  ['medium', 1],
  ['audited-abridged', 1],
])

/** Sets the accounts and the yearly return of a company as they stand on `untilDay`, the day it closed or today. */
export function drawFilings(
  random: Random,
  kind: CompanyKind,
  createdDay: number,
  untilDay: number,
  company: SyntheticCompany,
): void {
  if (kind.roles === 'none' || kind.roles === 'partners') return
  if (kind.type === 'oversea-company') {
    company.accounts = foreignAccounts(untilDay)
    return
  }
  // The annual return gave way to the confirmation statement in June 2016.
  if (untilDay < FIRST_CONFIRMATION) company.annual_return = statement(createdDay, untilDay)
  else company.confirmation_statement = statement(createdDay, untilDay)
  if (kind.roles === 'overseas') return
  const month = random.chance(0.6) ? calendarDay(createdDay).month : random.pick(USUAL_MONTHS)
  company.accounts = accounts(random, month, createdDay, untilDay)
  if (createdDay < FIRST_CONFIRMATION - 400 && random.chance(0.5)) {
    company.last_full_members_list_date = isoOfDay(FIRST_CONFIRMATION - 200)
  }
}

const USUAL_MONTHS = [3, 12, 6, 9]
const FIRST_CONFIRMATION = dayOf(2016, 6, 30)

/** First accounts are due 21 months after the company was formed, later ones nine months after the year's end. */
function accounts(random: Random, month: number, createdDay: number, untilDay: number): SyntheticAccounts {
  const firstEnd = yearEndSince(month, addMonths(createdDay, 6))
  const firstDue = addMonths(createdDay, 21)
  if (untilDay <= firstDue) return report(month, undefined, createdDay, firstEnd, firstDue)
  const lateDays = random.chance(0.05) ? 400 : 0
  const lastEnd = Math.max(firstEnd, yearEndSince(month, untilDay - 270 - 366 - lateDays))
  const start = lastEnd === firstEnd ? createdDay : yearEndSince(month, lastEnd - 366) + 1
  const last = {
    made_up_to: isoOfDay(lastEnd),
    period_end_on: isoOfDay(lastEnd),
    period_start_on: isoOfDay(start),
    type: random.weighted(ACCOUNTS_TYPES),
  }
  const nextEnd = yearEndSince(month, lastEnd + 2)
  return report(month, last, lastEnd + 1, nextEnd, addMonths(nextEnd, 9))
}

function report(
  month: number,
  last: SyntheticAccounts['last_accounts'],
  startDay: number,
  endDay: number,
  dueDay: number,
): SyntheticAccounts {
  const due = isoOfDay(dueDay)
  const end = isoOfDay(endDay)
  return {
    accounting_reference_date: REFERENCE_DATES[month],
    last_accounts: last,
    next_accounts: { due_on: due, period_end_on: end, period_start_on: isoOfDay(startDay) },
    next_due: due,
    next_made_up_to: end,
  }
}

/** By month: its last day, both padded to two digits. */
const REFERENCE_DATES = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].map((day, month) => ({
  day: String(day),
  month: String(month).padStart(2, '0'),
}))

/** Branches of foreign companies: no reference date, and a type that is the text "null" (facts 1.4). */
function foreignAccounts(untilDay: number): SyntheticAccounts {
  const last = yearEndSince(12, untilDay - 800)
  return {
    last_accounts: { made_up_to: isoOfDay(last), period_end_on: isoOfDay(last), type: 'null' },
    next_accounts: { period_end_on: isoOfDay(yearEndSince(12, last + 2)) },
    next_made_up_to: isoOfDay(yearEndSince(12, last + 2)),
  }
}

function statement(createdDay: number, untilDay: number): SyntheticStatement {
  const years = Math.floor((untilDay - createdDay - 15) / 365.25)
  const next = addMonths(createdDay, 12 * (Math.max(0, years) + 1)) - 1
  return {
    last_made_up_to: years > 0 ? isoOfDay(addMonths(createdDay, 12 * years) - 1) : undefined,
    next_due: isoOfDay(next + 14),
    next_made_up_to: isoOfDay(next),
  }
}

/** The first last-day-of-`month` on or after `day`. */
function yearEndSince(month: number, day: number): number {
  const { year } = calendarDay(day)
  const end = dayOf(year, month + 1, 0)
  return end >= day ? end : dayOf(year + 1, month + 1, 0)
}
