import { describe, expect, test } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { etaSeconds, percentOf, readProgress, recentRate } from '../../src/steps/progress.ts'
import { tempFolder } from '../host.ts'
import { virtualClock } from '../virtual-clock.ts'
import { addCompany, newDatabase } from './export-world.ts'

const quota = { limit: 600, windowMs: 300_000 }
const now = Date.UTC(2026, 0, 5, 12)
const ago = (seconds: number) => now - seconds * 1000

describe('recentRate, companies per minute', () => {
  test.each([
    ['nothing lately', 0, null, 0],
    ['a run that began 20 s ago', 20, ago(20), 60],
    ['a run that has just begun counts as 5 s', 2, ago(0.1), 24],
    ['a steady run over the whole past', 1000, ago(600), 100],
    ['a run of one minute that stopped five minutes ago fades', 120, ago(360), 20],
    ['a burst counts no higher than the allowance lets through for long', 600, ago(10), 120],
  ])('%s', (_name, count, firstMs, expected) => {
    expect(recentRate({ count, firstMs }, now, quota)).toBeCloseTo(expected, 6)
  })
})

test.each([
  [0, 100, 0],
  [-5, 0, 0],
  [100, 0, null],
  [100, 100, 60],
  [1, 120, 1],
])('etaSeconds(%d missing, %d a minute) is %j', (missing, perMinute, expected) => {
  expect(etaSeconds(missing, perMinute)).toBe(expected)
})

test.each([
  [0, 10_000, 0],
  [9999, 10_000, 99.9],
  [7655, 10_000, 76.5],
  [10_000, 10_000, 100],
  [20_000, 10_000, 100],
])('percentOf(%d, %d) is %d', (complete, target, expected) => expect(percentOf(complete, target)).toBe(expected))

test('reports from a read-only connection while another holds a write transaction', () => {
  using folder = tempFolder()
  const clock = virtualClock()
  const writer = newDatabase(folder.file('a.db'))
  const at = new Date(clock.now() - 30_000).toISOString()
  addCompany(writer, { company_number: '1', officers_count: 3, officers_fetched_at: at })
  addCompany(writer, { company_number: '2', officers_state: 'pending' })
  const reader = openDb(folder.file('a.db'), { readonly: true })
  writer.$client.exec('BEGIN IMMEDIATE')
  addCompany(writer, { company_number: '3' })
  expect(readProgress(reader, { target: 4, quota, clock })).toEqual({
    companies_with_officers: 1,
    officers: 3,
    companies: 2,
    pending: 1,
    none: 0,
    failed: 0,
    target: 4,
    percent: 25,
    ready: false,
    per_minute: 2,
    eta_seconds: 90,
    quota: { limit: 600, window_seconds: 300, used: 0, peak: 0, rate_limited: 0 },
  })
  writer.$client.exec('COMMIT')
  expect(readProgress(reader, { target: 2, quota, clock })).toMatchObject({ ready: true, percent: 100, eta_seconds: 0 })
  reader.$client.close()
  writer.$client.close()
})
