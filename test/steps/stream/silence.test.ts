import { describe, expect, it } from 'vitest'
import { londonTime, timings } from '../../../src/clock.ts'
import { isSilent, learnedLimit, usualLimit } from '../../../src/steps/stream/silence.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const at = (iso: string) => Date.parse(iso)
const usual = usualLimit(timings(1))
const silent = (since: string, now: string, limit = usual) => isSilent(at(since), at(now), limit)

describe('London time', () => {
  it.each([
    ['2026-01-05T12:30:00Z', { day: '2026-01-05', weekday: 1, hour: 12 }],
    ['2026-07-05T23:30:00Z', { day: '2026-07-06', weekday: 1, hour: 0 }],
    ['2026-03-29T01:00:00Z', { day: '2026-03-29', weekday: 0, hour: 2 }],
  ])('at %s', (iso, time) => {
    expect(londonTime(at(iso))).toEqual(time)
  })
})

describe('silence', () => {
  it.each([
    ['2026-01-05T11:00:00Z', '2026-01-05T11:19:00Z', false],
    ['2026-01-05T11:00:00Z', '2026-01-05T11:21:00Z', true],
    ['2026-07-06T07:10:00Z', '2026-07-06T07:31:00Z', true],
    ['2026-01-06T02:00:00Z', '2026-01-06T06:00:00Z', false],
    ['2026-01-10T11:00:00Z', '2026-01-10T16:00:00Z', false],
  ])('from %s to %s, by the usual limits: %s', (since, now, expected) => {
    expect(silent(since, now)).toBe(expected)
  })

  it('of a night does not count against the morning by the morning’s measure', () => {
    expect(silent('2026-01-06T03:00:00Z', '2026-01-06T08:05:00Z')).toBe(true)
    expect(silent('2026-01-06T06:30:00Z', '2026-01-06T07:50:00Z')).toBe(false)
    expect(silent('2026-01-06T07:45:00Z', '2026-01-06T08:10:00Z')).toBe(false)
  })

  it('is never longer than six hours, at whatever hour and whatever was learned', () => {
    const rare = Array.from({ length: 400 }, (_, spell) => at('2025-11-01T00:00:00Z') / MINUTE + spell * 300)
    for (const limit of [usual, learnedLimit(rare, timings(1))]) {
      for (let hour = 0; hour < 7 * 24; hour += 1) {
        const since = at('2026-01-05T00:10:00Z') + hour * HOUR
        expect(isSilent(since, since + 6 * HOUR, limit)).toBe(true)
      }
    }
  })

  it('follows the time scale', () => {
    expect(isSilent(at('2026-01-05T11:00:00Z'), at('2026-01-05T11:00:13Z'), usualLimit(timings(0.01)))).toBe(true)
  })
})

describe('what the past teaches', () => {
  /** Events every `gap` minutes from `from` on, for so many days. */
  const minutes = (from: string, days: number, gap: number) =>
    Array.from({ length: (days * 1440) / gap }, (_, index) => at(from) / MINUTE + index * gap)

  it('is that a lively hour may be quiet for less, and a slow one for longer', () => {
    const noon = at('2026-02-02T12:00:00Z')
    expect(learnedLimit(minutes('2026-01-05T00:00:00Z', 28, 1), timings(1))(noon)).toBe(5 * MINUTE)
    expect(learnedLimit(minutes('2026-01-05T00:00:00Z', 28, 15), timings(1))(noon)).toBe(60 * MINUTE)
  })

  it('is the rhythm of a rare stream, where the limit of its kind allows for it', () => {
    const rare = minutes('2026-01-05T00:00:00Z', 56, 480)
    const [since, later] = [at('2026-03-02T08:00:00Z'), at('2026-03-02T17:00:00Z')]
    expect(isSilent(since, later, learnedLimit(rare, timings(1)))).toBe(true)
    const slow = { silenceWorkingMs: 24 * HOUR, silenceEdgeMs: 36 * HOUR, silenceCapMs: 48 * HOUR }
    expect(isSilent(since, later, learnedLimit(rare, slow, 48 * HOUR))).toBe(false)
    expect(isSilent(since, since + 33 * HOUR, learnedLimit(rare, slow, 48 * HOUR))).toBe(true)
  })

  it('needs five days like this one', () => {
    const week = minutes('2026-01-26T00:00:00Z', 7, 1)
    const limit = learnedLimit(week, timings(1))
    expect(limit(at('2026-02-02T12:00:00Z'))).toBe(5 * MINUTE)
    expect(limit(at('2026-02-07T12:00:00Z'))).toBe(usual(at('2026-02-07T12:00:00Z')))
  })

  it('leaves out days on which nobody was listening', () => {
    const listened = minutes('2026-01-05T00:00:00Z', 28, 1).filter((minute) => {
      const day = Math.floor((minute - at('2026-01-05T00:00:00Z') / MINUTE) / 1440)
      return day % 7 !== 2 && day % 7 !== 3
    })
    expect(learnedLimit(listened, timings(1))(at('2026-02-02T12:00:00Z'))).toBe(5 * MINUTE)
  })

  it('knows the same hour in London on both sides of a change of clocks', () => {
    const winter = minutes('2026-03-01T00:00:00Z', 28, 1).filter((minute) => {
      const hour = londonTime(minute * MINUTE).hour
      return hour >= 9 && hour < 17
    })
    const summerMorning = at('2026-03-30T08:30:00Z')
    expect(londonTime(summerMorning).hour).toBe(9)
    expect(learnedLimit(winter, timings(1))(summerMorning)).toBe(usual(summerMorning))
    expect(learnedLimit(winter, timings(1))(summerMorning + HOUR)).toBe(5 * MINUTE)
  })
})
