// The streams that chpipe can follow, each a line of one table. Reports, metrics and `doctor` follow from it.
import type { Clock } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { TYPE_SLUGS } from '../../companies-house/register/prose.ts'
import type { EventHead } from '../../companies-house/stream/event.ts'
import type { Db } from '../../db/open.ts'
import type { Log } from '../../log.ts'
import { companiesStream, queueJobs } from './companies.ts'
import { repairExpiredGaps } from './gaps.ts'
import type { StreamKind } from './kind.ts'
import { officersStream } from './officers.ts'
import { PSC_PATH, pscStream } from './pscs.ts'
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
  open(setup: KindSetup): StreamKind<EventHead>
}

export const KINDS = {
  companies: { open: openCompanies },
  officers: { open: officersStream },
  psc: { path: PSC_PATH, open: pscStream },
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

function openCompanies({ companiesHouse, ...setup }: KindSetup): StreamKind<EventHead> {
  const onMatch = queueJobs(setup)
  const search = { ...setup, types: TYPE_SLUGS, onMatch }
  const repair = companiesHouse
    ? (signal: AbortSignal) => repairExpiredGaps({ ...search, companiesHouse, signal })
    : undefined
  return companiesStream({ ...setup, onMatch, repair })
}
