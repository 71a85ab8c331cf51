import { describe, expect, it } from 'vitest'
import { nextExpected, placeOf, rememberApplied } from '../../../src/steps/stream/place.ts'

const at = { timepoint: 12, publishedAt: '2026-01-05T10:00:00' }
const applied = rememberApplied(
  [10, 11, 12].map((timepoint) => ({ timepoint, print: timepoint })),
  100,
)
const event = (timepoint: number, publishedAt = '2026-01-05T10:00:00') => ({ timepoint, publishedAt })

describe('the place of an event', () => {
  it.each([
    ['next', 13, 13],
    ['skipped', 14, 14],
    ['skipped', 1_000_012, 1],
    ['far', 1_000_013, 1],
    ['repeated', 12, 12],
    ['repeated', 10, 10],
    ['lower', 12, 99],
    ['lower', 9, 9],
  ])('is %s for timepoint %i that tells %i', (place, timepoint, print) => {
    expect(placeOf(event(timepoint), print, at, applied)).toBe(place)
  })

  it('is late where it was skipped a moment ago', () => {
    const holed = rememberApplied(
      [10, 12].map((timepoint) => ({ timepoint, print: timepoint })),
      100,
    )
    expect(placeOf(event(11), 11, at, holed)).toBe('late')
    expect(placeOf(event(11), 11, { ...at, timepoint: 13 }, holed)).toBe('lower')
  })

  it('is told by the time of publishing below all that is remembered', () => {
    expect(placeOf(event(9, '2026-01-05T09:58:59Z'), 9, at, applied)).toBe('repeated')
    expect(placeOf(event(9, '2026-01-05T10:58:59+01:00'), 9, at, applied)).toBe('repeated')
    expect(placeOf(event(9, '2026-01-05T10:00:01.5Z'), 9, at, applied)).toBe('lower')
    expect(placeOf(event(9), 9, { ...at, publishedAt: '2026-01-05T10:00:00.9Z' }, applied)).toBe('lower')
    expect(placeOf(event(9, 'odd'), 9, at, applied)).toBe('lower')
  })

  it('is next on a stream that has not begun, and repeated at the cursor of a database that remembers none', () => {
    const none = rememberApplied([], 100)
    expect(placeOf(event(9), 9, { timepoint: null, publishedAt: null }, none)).toBe('next')
    expect(placeOf(event(12), 9, at, none)).toBe('repeated')
    expect(placeOf(event(12, '2026-01-05T10:00:01'), 9, at, none)).toBe('lower')
  })
})

it('expects the first timepoint that has not been applied', () => {
  expect([nextExpected(9, applied), nextExpected(12, applied), nextExpected(20, applied)]).toEqual([13, 13, 21])
})

it('forgets the events that were applied first', () => {
  const few = rememberApplied([], 2)
  for (const timepoint of [5, 1, 5, 9]) few.add({ timepoint, print: 0 })
  expect([few.size, few.oldest(), few.printOf(1), few.printOf(5)]).toEqual([2, 5, undefined, 0])
})
