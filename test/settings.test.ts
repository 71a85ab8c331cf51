import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../src/clock.ts'
import { parseQuota, readSettings } from '../src/settings.ts'

describe('readSettings', () => {
  it('has the defaults of the contract', () => {
    expect(readSettings({})).toEqual({
      companiesHouseApiKey: undefined,
      companiesHouseApiUrl: 'https://api.company-information.service.gov.uk',
      companiesHouseStreamKey: undefined,
      companiesHouseStreamUrl: 'https://stream.companieshouse.gov.uk',
      snovClientId: undefined,
      snovClientSecret: undefined,
      snovApiUrl: 'https://api.snov.io',
      snovQuota: { limit: 60, windowMs: 60_000 },
      creditBudget: null,
      db: 'companies.db',
      quota: { limit: 600, windowMs: 300_000 },
      target: 10_000,
      serveToken: undefined,
      notices: { url: undefined, command: undefined, secret: undefined },
      postgres: null,
      postgresVariables: {},
      proxies: { https: null, http: null, except: '' },
      timeScale: 1,
    })
  })

  const wrong: Record<string, string>[] = [
    { COMPANIES_HOUSE_API_URL: 'ftp://x' },
    { COMPANIES_HOUSE_API_URL: 'https://user:secret@x' },
    { CHPIPE_CH_QUOTA: '600' },
    { CHPIPE_CH_QUOTA: '0/5m' },
    { CHPIPE_CH_QUOTA: '600/5' },
    { CHPIPE_CH_QUOTA: '6/5m/1' },
    { CHPIPE_SNOV_QUOTA: '60' },
    { CHPIPE_CREDIT_BUDGET: '200' },
    { CHPIPE_CREDIT_BUDGET: '-1/1d' },
    { SNOV_API_URL: 'snov' },
    { COMPANIES_HOUSE_STREAM_URL: 'ftp://x' },
    { CHPIPE_TARGET: '-1' },
    { CHPIPE_TARGET: '1e4' },
    { CHPIPE_TIME_SCALE: 'fast' },
    { CHPIPE_TIME_SCALE: '0' },
  ]
  for (const env of wrong) {
    it(`refuses ${JSON.stringify(env)} and names the variable`, () => {
      const name = Object.keys(env)[0] ?? ''
      expect(() => readSettings(env)).toThrow(
        expect.objectContaining({ kind: 'config', message: expect.stringContaining(name) }),
      )
    })
  }

  it('never repeats a secret in an error', () => {
    try {
      readSettings({ COMPANIES_HOUSE_API_URL: 'https://user:secret@x' })
    } catch (error) {
      expect(String(error)).not.toContain('secret')
    }
    expect.assertions(1)
  })

  it('reads a scaled quota', () => {
    expect(parseQuota('60/3s')).toEqual({ limit: 60, windowMs: 3000 })
  })
})

describe('durations', () => {
  it('are read and written', () => {
    expect(['250ms', '30s', '5m', '12h', '30d', '1.5h', '5', 'm', '-1s', ''].map(parseDuration)).toEqual([
      250,
      30_000,
      300_000,
      43_200_000,
      2_592_000_000,
      5_400_000,
      null,
      null,
      null,
      null,
    ])
    expect([0, 499, 8000, 200_000, 4_320_000, 90_061_000, 3_600_000].map(formatDuration)).toEqual([
      '0s',
      '0s',
      '8s',
      '3m 20s',
      '1h 12m',
      '1d 1h',
      '1h',
    ])
  })
})
