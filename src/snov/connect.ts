import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'
import { openAllowance } from '../quota/allowance.ts'
import type { Proxies, Quota } from '../settings.ts'
import type { Timings } from '../timings.ts'
import { createSnov, type Snov } from './client.ts'

/** The allowance of the Snov account, as its row is named in the database. */
export const SNOV_ALLOWANCE = 'snov'

export interface ConnectSnovOptions {
  db(): Promise<Db>
  clock: Clock
  timings: Timings
  settings: {
    snovClientId: string | undefined
    snovClientSecret: string | undefined
    snovApiUrl: string
    snovQuota: Quota
    proxies?: Proxies
  }
}

/** The Snov client on the shared allowance, as the settings name it. Throws `config` when the credentials are missing. */
export async function connectSnov({ db, clock, timings, settings }: ConnectSnovOptions): Promise<Snov> {
  const { snovClientId: clientId, snovClientSecret: clientSecret, snovApiUrl: baseUrl, snovQuota: quota } = settings
  if (!clientId || !clientSecret) {
    throw new ChpipeError('config', 'SNOV_CLIENT_ID and SNOV_CLIENT_SECRET are not both set', {
      hint: 'put them in the environment or in a .env file here; `chpipe demo` needs none',
    })
  }
  const { snovTimeoutMs: requestTimeoutMs, probePatienceMs } = timings
  const allowance = openAllowance({
    db: await db(),
    clock,
    name: SNOV_ALLOWANCE,
    quota,
    requestTimeoutMs,
    probePatienceMs,
  })
  return createSnov({ baseUrl, clientId, clientSecret, allowance, clock, timings, proxies: settings.proxies })
}
