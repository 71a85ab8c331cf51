// The providers that chpipe knows.
import type { Clock, Timings } from '../../clock.ts'
import type { OpenAllowance } from '../../quota/open.ts'
import type { Settings } from '../../settings.ts'
import { connectSnov, type Snov } from '../../snov/client.ts'
import type { Provider, Terms } from './provider.ts'

/** Snov's terms: a credit for each row found, ten rows to a start (Snov facts 0.2, 6.6). */
const SNOV_TERMS: Terms = { price: 1, maxRows: 10 }
export const SNOV_OPERATIONS = { domain: SNOV_TERMS, emails: SNOV_TERMS }

/** Snov as a provider: a start brings a task, which is polled. */
export function snovProvider(snov: Snov): Provider {
  return {
    name: 'snov',
    title: 'Snov',
    operations: SNOV_OPERATIONS,
    async ready(options) {
      const start = await snov.readyStart(options)
      return {
        domains: async (names) => ({ task: await start.startDomains(names) }),
        emails: async (people) => ({ task: await start.startEmails(people) }),
        cancel: start.cancel,
      }
    },
    poll: { domains: snov.pollDomains, emails: snov.pollEmails },
    balance: snov.balance,
    counts: snov.counts,
  }
}

export interface ConnectProviders {
  allowance: OpenAllowance
  clock: Clock
  timings: Timings
  settings: Settings
}

/** The providers as the settings name them. Throws `config` when credentials are missing. */
export async function connectProviders(options: ConnectProviders): Promise<Provider[]> {
  return [snovProvider(await connectSnov(options))]
}
