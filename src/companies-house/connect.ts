import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'
import type { Log } from '../log.ts'
import { openAllowance } from '../quota/allowance.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../quota/report.ts'
import type { Settings } from '../settings.ts'
import type { Timings } from '../timings.ts'
import { type CompaniesHouse, createCompaniesHouse } from './client.ts'

export interface ConnectOptions {
  db(): Promise<Db>
  clock: Clock
  log: Log
  settings: Settings
  timings: Timings
}

/** The REST client on the shared allowance, as the settings name it. Throws `config` when there is no key. */
export async function connect(options: ConnectOptions, maxOutageMs?: number): Promise<CompaniesHouse> {
  const { clock, log, settings, timings } = options
  const apiKey = settings.companiesHouseApiKey
  if (!apiKey) {
    throw new ChpipeError('config', 'COMPANIES_HOUSE_API_KEY is not set', {
      hint: 'put it in the environment or in a .env file here; `chpipe demo` needs none',
    })
  }
  const allowance = openAllowance({
    db: await options.db(),
    clock,
    name: COMPANIES_HOUSE_ALLOWANCE,
    quota: settings.quota,
    requestTimeoutMs: timings.requestTimeoutMs,
    probePatienceMs: timings.probePatienceMs,
  })
  const baseUrl = settings.companiesHouseApiUrl
  return createCompaniesHouse({
    baseUrl,
    apiKey,
    allowance,
    clock,
    log,
    timings,
    proxies: settings.proxies,
    maxOutageMs: maxOutageMs ?? timings.maxOutageMs,
  })
}
