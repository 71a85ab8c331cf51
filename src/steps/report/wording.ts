// Numbers, sizes and dates as they are written in Britain.
import { formatNumber } from '../../text.ts'

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/** `12.3%`; a dash when there is nothing to have a share of. What is not all, or not nothing, is not written as such. */
export function share(part: number, whole: number): string {
  if (whole <= 0) return '–'
  const rounded = ((part / whole) * 100).toFixed(1)
  if (part > 0 && rounded === '0.0') return '<0.1%'
  if (part < whole && rounded === '100.0') return '>99.9%'
  return `${rounded}%`
}

/** `1 company`, `1,200 companies`. */
export function counted(count: number, one: string, many: string): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`
}

/** `912 bytes`, `3.4 MB`; a megabyte has a million bytes. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  const units = ['kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** step).toFixed(1)} ${units[step - 1]}`
}

/** `23 November 2026, 15:24 UTC` for an ISO 8601 moment in UTC; other text stays as it is. */
export function moment(iso: string): string {
  const [, year, month, day, time] = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2})/.exec(iso) ?? []
  const name = MONTHS[Number(month) - 1]
  return name && time ? `${Number(day)} ${name} ${year}, ${time} UTC` : iso
}

/** `Nov 2026` for `2026-11`. */
export function shortMonth(month: string): string {
  return `${MONTHS[Number(month.slice(5)) - 1]?.slice(0, 3) ?? month.slice(5)} ${month.slice(0, 4)}`
}
