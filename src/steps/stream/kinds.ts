// The streams that chpipe can follow, each a line of one table. Reports, metrics and `doctor` follow from it.
import type { Clock } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import type { EventHead } from '../../companies-house/stream/event.ts'
import type { Db } from '../../db/open.ts'
import type { Log } from '../../log.ts'
import type { StreamKind } from './kind.ts'
import type { StreamRules } from './rules.ts'

/** What the kinds of one run may use. */
export interface KindSetup {
  db: Db
  clock: Clock
  log: Log
  runId: number
  rules: StreamRules
  /** Stores every company of a changed event. */
  all: boolean
  /** Undefined without an API key. */
  companiesHouse: CompaniesHouse | undefined
}

export interface KindEntry {
  /** Its path at the service, where that is not its name. */
  path?: string
  open(setup: KindSetup): Promise<StreamKind<EventHead>>
}

/** What a kind needs is loaded when it is followed: reports want no more than its name. */
export const KINDS = {
  companies: { open: openCompanies },
  officers: { open: async (setup) => (await import('./officers.ts')).officersStream(setup) },
  psc: {
    path: 'persons-with-significant-control',
    open: async (setup) => (await import('./pscs.ts')).pscStream(setup),
  },
} satisfies Record<string, KindEntry>

export type StreamName = keyof typeof KINDS

/** In the order of the table; the first is followed unless others are asked for. */
export const STREAM_NAMES = Object.keys(KINDS) as [StreamName, ...StreamName[]]

/** An account may hold so many connections; one more closes the oldest (facts 3.3). */
export const MOST_STREAMS = 2

/** What the runs of a stream are called; those of the first were called so before there were others. */
export function runNameOf(stream: string): string {
  return stream === STREAM_NAMES[0] ? 'stream' : `stream-${stream}`
}

async function openCompanies({ companiesHouse, ...setup }: KindSetup): Promise<StreamKind<EventHead>> {
  const { companiesStream, queueJobs } = await import('./companies.ts')
  const onMatch = queueJobs(setup)
  if (!companiesHouse) return companiesStream({ ...setup, onMatch, repair: undefined })
  const { TYPE_SLUGS } = await import('../../companies-house/register/prose.ts')
  const { repairExpiredGaps } = await import('./gaps.ts')
  const search = { ...setup, types: TYPE_SLUGS, onMatch, companiesHouse }
  return companiesStream({ ...setup, onMatch, repair: (signal) => repairExpiredGaps({ ...search, signal }) })
}
