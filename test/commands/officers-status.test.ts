import { describe, expect, it } from 'vitest'
import { officersStatus } from '../../src/commands/officers-status.ts'
import type { Progress } from '../../src/steps/progress/progress.ts'

const NOW = Date.UTC(2026, 0, 5, 12)

const progress: Progress = {
  companies_with_officers: 4200,
  officers: 13_310,
  companies: 52_100,
  pending: 44_232,
  none: 210,
  failed: 3,
  target: 10_000,
  percent: 42,
  ready: false,
  per_minute: 118.4,
  eta_seconds: 2945,
  quota: { limit: 600, window_seconds: 300, used: 412, peak: 600, rate_limited: 0 },
  windows_left: 10,
}

const at = (columns: number, more: Partial<Progress> = {}, rateLimited = 0) =>
  officersStatus({ ...progress, ...more }, { now: NOW, columns, rateLimited })

const waiting = { allowance_free_at: new Date(NOW + 190_000).toISOString() }

describe('the status line of import-officers', () => {
  it('has a bar worth looking at on 80 columns, and says more on 120', () => {
    expect(at(77)).toBe('████████░░░░░░░░░░░░ 4,200/10,000  13,310 officers  calls 412/600  ETA 49m 5s')
    expect(at(117)).toBe(
      `${'█'.repeat(13)}${'░'.repeat(17)} 4,200/10,000  13,310 officers  calls 412/600  ETA 49m 5s  10 windows left`,
    )
  })

  it('says while it waits until when', () => {
    expect(at(77, waiting)).toBe('█████░░░░░░░ 4,200/10,000  allowance used up, continues in 3m 10s  ETA 49m 5s')
    expect(at(117, waiting)).toBe(
      `${'█'.repeat(8)}${'░'.repeat(10)} 4,200/10,000  13,310 officers  allowance used up, continues in 3m 10s  ETA 49m 5s  10 windows left`,
    )
  })

  it('shows refusals when there were any, and no wait that is over at once', () => {
    expect(at(117, { allowance_free_at: new Date(NOW + 900).toISOString() }, 3)).toContain('calls 412/600  refused 3')
  })

  it.each([20, 30, 40, 50, 60, 77, 97, 117, 157, 200])('fits %i columns, and always tells how far it is', (columns) => {
    for (const more of [{}, waiting, { eta_seconds: null }]) {
      const line = at(columns, more, 12)
      expect(line.length).toBeLessThanOrEqual(columns)
      expect(line).toContain('4,200/10,000')
    }
  })
})
