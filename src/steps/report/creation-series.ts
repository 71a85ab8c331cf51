import type { Count } from './tally.ts'

export interface CreationSeries {
  /** `YYYY-MM`, every month up to the newest, at most `MONTHS_SHOWN`; empty when no company has a date. */
  months: Count[]
  /** Companies formed before the first of these months. */
  before: number
  /** Every year up to the newest, the first of them with all before it; empty when the months show everything. */
  years: Count[]
  /** Companies without a date, or with one in the future. */
  undated: number
}

const MONTHS_SHOWN = 36
const YEARS_SHOWN = 40

/** Lays companies by month of creation out on the axes of the report; `asOf` is an ISO 8601 moment. */
export function creationSeries(counts: Count[], asOf: string): CreationSeries {
  const dated = counts.filter(({ name }) => name !== '' && name <= asOf.slice(0, 7))
  const total = sum(counts)
  const newest = dated.reduce((latest, { name }) => (name > latest ? name : latest), '')
  const oldest = dated.reduce((first, { name }) => (name < first ? name : first), newest)
  if (newest === '') return { months: [], before: 0, years: [], undated: total }
  const byMonth = new Map(dated.map(({ name, count }) => [name, count]))
  const last = monthIndex(newest)
  const first = Math.max(last - MONTHS_SHOWN + 1, Math.min(monthIndex(oldest), last - 11))
  const months = Array.from({ length: last - first + 1 }, (_, index) => {
    const name = monthName(first + index)
    return { name, count: byMonth.get(name) ?? 0 }
  })
  const before = sum(dated) - sum(months)
  return { months, before, years: before > 0 ? yearsOf(dated, newest) : [], undated: total - sum(dated) }
}

function yearsOf(dated: Count[], newest: string): Count[] {
  const last = Number(newest.slice(0, 4))
  const oldest = Math.min(...dated.map(({ name }) => Number(name.slice(0, 4))))
  const first = Math.max(oldest, last - YEARS_SHOWN + 1)
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const year = first + index
    const own = dated.filter(
      ({ name }) => Number(name.slice(0, 4)) === year || (index === 0 && Number(name.slice(0, 4)) < year),
    )
    return { name: index === 0 && oldest < first ? `to ${year}` : String(year), count: sum(own) }
  })
}

function sum(counts: Count[]): number {
  return counts.reduce((total, { count }) => total + count, 0)
}

function monthIndex(month: string): number {
  return Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1
}

function monthName(index: number): string {
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`
}
