import { formatDuration } from '../clock.ts'
import type { Progress, ProgressPace } from '../steps/progress/progress.ts'
import { counted, formatNumber } from '../text.ts'
import { bar } from './output.ts'

export interface StatusShape {
  /** Wall ms. */
  now: number
  /** Calls of this run that were refused. */
  rateLimited: number
  /** What the line may take. */
  columns: number
}

/** A shorter wait is how calls take turns. */
const NOTABLE_WAIT_MS = 1500
const LEAST_BAR = 10
const MOST_BAR = 30

/** `allowance used up, continues in 3m 10s`; null while calls go out. */
export function allowanceWait(
  { allowance_free_at: freeAt }: Pick<Progress, 'allowance_free_at'>,
  now: number,
): string | null {
  const waitMs = freeAt ? Date.parse(freeAt) - now : 0
  return waitMs < NOTABLE_WAIT_MS ? null : `allowance used up, continues in ${formatDuration(waitMs)}`
}

/**
 * How far the target is reached, on one line: a bar, and behind it what fits, the most important first. While the
 * allowance is used up it says until when.
 */
export function officersStatus(progress: ProgressPace, { now, rateLimited, columns }: StatusShape): string {
  const { companies_with_officers: done, target, officers, eta_seconds: eta, quota, windows_left: windows } = progress
  const wait = allowanceWait(progress, now)
  const parts = [
    { place: 0, text: `${formatNumber(done)}/${formatNumber(target)}` },
    ...(wait === null ? [] : [{ place: 2, text: wait }]),
    { place: 5, text: `ETA ${eta === null ? '-' : formatDuration(eta * 1000)}` },
    { place: 1, text: counted(officers, 'officer') },
    ...(rateLimited > 0 ? [{ place: 4, text: `refused ${formatNumber(rateLimited)}` }] : []),
    ...(wait === null
      ? [
          {
            place: 3,
            text: `calls ${quota.used === null ? '?' : formatNumber(quota.used)}/${formatNumber(quota.limit)}`,
          },
        ]
      : []),
    ...(windows ? [{ place: 6, text: `${counted(windows, 'window')} left` }] : []),
  ]
  const room = columns - LEAST_BAR - 1
  const shown: typeof parts = []
  for (const part of parts) {
    const length = [...shown, part].reduce((sum, { text }) => sum + text.length + 2, -2)
    if (length <= room || shown.length === 0) shown.push(part)
  }
  const text = shown
    .toSorted((a, b) => a.place - b.place)
    .map((part) => part.text)
    .join('  ')
  const left = Math.min(MOST_BAR, columns - text.length - 1)
  return left < LEAST_BAR ? text : `${bar(done / target, left)} ${text}`
}
