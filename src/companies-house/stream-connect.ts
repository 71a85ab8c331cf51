import type { Clock } from '../clock.ts'
import { ChpipeError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Proxies } from '../settings.ts'
import type { Timings } from '../timings.ts'
import { type CompanyStream, createCompanyStream } from './stream-client.ts'

export interface ConnectStreamOptions {
  clock: Clock
  log: Log
  timings: Timings
  settings: { companiesHouseStreamKey: string | undefined; companiesHouseStreamUrl: string; proxies?: Proxies }
}

/** The client of the companies stream, as the settings name it. Throws `config` when there is no stream key. */
export function connectCompanyStream({ clock, log, timings, settings }: ConnectStreamOptions): CompanyStream {
  const { companiesHouseStreamKey: key, companiesHouseStreamUrl: baseUrl, proxies } = settings
  if (!key) {
    throw new ChpipeError('config', 'COMPANIES_HOUSE_STREAM_KEY is not set', {
      hint: 'put a stream key (not a REST key) in the environment or in a .env file here; `chpipe demo` needs none',
    })
  }
  return createCompanyStream({ baseUrl, key, clock, log, timings, proxies })
}
