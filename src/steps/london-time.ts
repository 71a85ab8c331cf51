/** A moment as clocks in London show it, where Companies House works. */
export interface LondonTime {
  /** `YYYY-MM-DD`. */
  day: string
  /** 0 is Sunday. */
  weekday: number
  hour: number
}

const format = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  hourCycle: 'h23',
})

/** The time in London at `ms` since 1970. */
export function londonTime(ms: number): LondonTime {
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const day = `${parts.year}-${parts.month}-${parts.day}`
  return { day, weekday: new Date(`${day}T00:00:00Z`).getUTCDay(), hour: Number(parts.hour) }
}
