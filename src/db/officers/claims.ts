// Who fetches which officer list next. A claim is a row that names a run; the claim of a run that died is free at once.
import {
  and,
  asc,
  count,
  eq,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  notInArray,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import type { Clock } from '../../clock.ts'
import type { Tx } from '../open.ts'
import { deadRuns } from '../runs.ts'
import { companies, officer_fetches } from '../schema.ts'
import { readTallies } from '../tallies.ts'
import { filterConditions, type OfficersFilter } from './filter.ts'

export interface ClaimQuery extends OfficersFilter {
  runId: number
  /** Companies that failed before this moment are tried again, after all pending ones. */
  runStartedAt: number
  target: number
  /** Gives the next pending company of another order than that of the numbers, while there is one. */
  next?: ((now: number) => Pending | undefined) | undefined
  /** Look behind this company number first: with filters, what lies before it was passed over already. */
  after: string
}

export interface ClaimedCompany {
  company: string
  /** `YYYY-MM-DD`. */
  created: string | null
  /** It has officers. */
  known: boolean
}

export type Claim =
  | ClaimedCompany
  /** Others hold what is left, or it may not be asked yet: look again after `waitMs`. */
  | { waitMs: number }
  | 'target-reached'
  | 'nothing-left'

/** Others' claims end without notice, so whoever waits for them looks again after this. */
const LOOK_AGAIN_MS = 200

/**
 * Claims the next company to fetch, so that complete and claimed ones together never pass the target. Belongs in a
 * transaction of its own.
 */
export function claimCompany(tx: Tx, query: ClaimQuery, clock: Clock): Claim {
  freeDeadClaims(tx, query.runId, clock)
  const again = nextAgain(tx, clock.now())
  if (again) {
    saveClaim(tx, again.company, query.runId)
    return claimed(again)
  }
  const { complete, stale } = readTallies(tx)
  const claims = countClaims(tx, ['complete', 'stale'])
  const isFull = complete + claims >= query.target
  const doubtful = stale === 0 ? null : claimDoubtful(tx, { ...query, onlyListed: isFull }, clock)
  if (doubtful) return doubtful
  if (complete >= query.target) return 'target-reached'
  const restorable = stale === 0 ? 0 : stale - countFailedStale(tx, query.runStartedAt)
  if (complete + restorable + claims >= query.target) return { waitMs: LOOK_AGAIN_MS }

  const now = clock.now()
  const next =
    query.next?.(now) ??
    nextPending(tx, query, query.after, now) ??
    (query.after === '' ? undefined : nextPending(tx, query, '', now)) ??
    nextDueNone(tx, query, now) ??
    nextFailed(tx, query)
  if (next) {
    saveClaim(tx, next.company, query.runId)
    return claimed(next)
  }
  if (countClaims(tx, ['complete']) > 0) return { waitMs: LOOK_AGAIN_MS }
  const retryAt = nextRetryAt(tx, query)
  return retryAt === null ? 'nothing-left' : { waitMs: Math.max(1, retryAt - clock.now()) }
}

/** Which run claims: companies that failed before it began are tried again. */
export interface DoubtfulQuery extends Pick<ClaimQuery, 'runId' | 'runStartedAt'> {
  /** Only lists that hold officers: an empty one was never complete, and may add to the target. */
  onlyListed?: boolean
}

/**
 * Claims the list in doubt that was fetched longest ago, unless it has failed in this run; null when there is none that is
 * free. It was complete, so that no target and no filter means it. Belongs in a transaction of its own.
 */
export function claimDoubtful(
  tx: Tx,
  { runId, runStartedAt, onlyListed = false }: DoubtfulQuery,
  clock: Clock,
): ClaimedCompany | null {
  const next = tx
    .select(selection)
    .from(companies)
    .leftJoin(officer_fetches, eq(officer_fetches.company_number, companies.company_number))
    .where(
      and(
        STALE,
        isNull(companies.deleted_at),
        notYetFailed(runStartedAt),
        free(clock.now()),
        onlyListed ? gt(companies.officers_count, 0) : undefined,
      ),
    )
    .orderBy(asc(companies.officers_fetched_at))
    .limit(1)
    .get()
  if (!next) return null
  saveClaim(tx, next.company, runId)
  return claimed(next)
}

/** Literally, as the partial index has it. */
const STALE = sql`officers_state = 'stale'`

function notYetFailed(runStartedAt: number) {
  return or(isNull(officer_fetches.failed_at), lt(officer_fetches.failed_at, runStartedAt))
}

/** Lists in doubt that no run brings back now: given up in this run, or of companies that are gone. */
function countFailedStale(tx: Tx, runStartedAt: number): number {
  const row = tx
    .select({ n: count() })
    .from(companies)
    .leftJoin(officer_fetches, eq(officer_fetches.company_number, companies.company_number))
    .where(and(STALE, or(gte(officer_fetches.failed_at, runStartedAt), isNotNull(companies.deleted_at))))
    .get()
  return row?.n ?? 0
}

export interface StaleQuery extends OfficersFilter {
  runId: number
  runStartedAt: number
  /** Lists fetched before this moment (ISO) are stale. */
  before: string
}

/**
 * Claims the company whose list is oldest, empty lists among them, if it is in doubt or older than `before` and has not
 * failed in this run already.
 */
export function claimStale(tx: Tx, query: StaleQuery, clock: Clock): Claim {
  const { runId, runStartedAt, before } = query
  freeDeadClaims(tx, runId, clock)
  // The plus keeps SQLite on the index by time, of which the first row is mostly the one: otherwise it sorts all lists.
  const isListed = sql`+${companies.officers_state} IN ('complete', 'none')`
  const old = and(lt(companies.officers_fetched_at, before), isListed, ...filterConditions(query))
  const rest = and(isNull(companies.deleted_at), notYetFailed(runStartedAt))
  const oldestOf = (kind: SQL | undefined) =>
    tx
      .select({ ...selection, at: companies.officers_fetched_at })
      .from(companies)
      .leftJoin(officer_fetches, eq(officer_fetches.company_number, companies.company_number))
      .where(and(kind, rest, free(clock.now())))
      .orderBy(asc(companies.officers_fetched_at))
      .limit(1)
      .get()
  const [doubtful, aged] = [oldestOf(STALE), oldestOf(old)]
  const next = doubtful && aged ? ((aged.at ?? '') < (doubtful.at ?? '') ? aged : doubtful) : (doubtful ?? aged)
  if (next) {
    saveClaim(tx, next.company, runId)
    return claimed(next)
  }
  const stale = and(or(STALE, old), rest)
  const held = tx
    .select({ retryAt: sql<number>`min(coalesce(${officer_fetches.retry_at}, 0))`, n: count() })
    .from(companies)
    .innerJoin(officer_fetches, eq(officer_fetches.company_number, companies.company_number))
    .where(stale)
    .get()
  if (!held || held.n === 0) return 'nothing-left'
  return { waitMs: Math.max(LOOK_AGAIN_MS, held.retryAt - clock.now()) }
}

const selection = {
  company: companies.company_number,
  created: companies.date_of_creation,
  officers: companies.officers_count,
  state: companies.officers_state,
}

/** A company whose officers may be fetched, as it is stored. */
export interface Pending {
  company: string
  created: string | null
  officers: number
  state: string
}

/** A complete list may hold nobody but those whom a rule withholds; one in doubt may have been empty. */
function claimed({ company, created, officers, state }: Pending): ClaimedCompany {
  return { company, created, known: officers > 0 || state === 'complete' }
}

/** A company with a stored list that is to be looked at again; it adds nothing to the target, and no filter means it. */
function nextAgain(tx: Tx, now: number) {
  return nextNoted(tx, 'complete', [lte(officer_fetches.retry_at, now)])
}

function nextPending(tx: Tx, query: ClaimQuery, after: string, now: number) {
  const behind = gt(companies.company_number, after)
  return tx
    .select(selection)
    .from(companies)
    .leftJoin(officer_fetches, eq(officer_fetches.company_number, companies.company_number))
    .where(
      and(
        eq(companies.officers_state, 'pending'),
        isNull(companies.deleted_at),
        behind,
        free(now),
        ...filterConditions(query),
      ),
    )
    .orderBy(asc(companies.company_number))
    .limit(1)
    .get()
}

/** A young company that had no officers when an earlier run asked. */
function nextDueNone(tx: Tx, query: ClaimQuery, now: number) {
  const startedAt = query.runStartedAt
  return nextNoted(tx, 'none', [
    lte(officer_fetches.retry_at, now),
    lt(companies.officers_fetched_at, new Date(startedAt).toISOString()),
    sql`coalesce(${officer_fetches.failed_at} < ${startedAt}, TRUE)`,
    ...filterConditions(query),
  ])
}

function nextFailed(tx: Tx, query: ClaimQuery) {
  return nextNoted(tx, 'failed', [lt(officer_fetches.failed_at, query.runStartedAt), ...filterConditions(query)])
}

/** The first company in this state of whose fetch something is noted, and which nobody is fetching. */
function nextNoted(tx: Tx, state: 'complete' | 'none' | 'failed', conditions: SQL[]) {
  return tx
    .select(selection)
    .from(officer_fetches)
    .innerJoin(companies, eq(officer_fetches.company_number, companies.company_number))
    .where(
      and(
        eq(companies.officers_state, state),
        isNull(companies.deleted_at),
        isNull(officer_fetches.claimed_by),
        ...conditions,
      ),
    )
    .orderBy(asc(companies.company_number))
    .limit(1)
    .get()
}

/** When the next company that was put off may be asked; null when none was. */
function nextRetryAt(tx: Tx, query: ClaimQuery): number | null {
  const row = tx
    .select({ at: sql<number | null>`min(${officer_fetches.retry_at})` })
    .from(officer_fetches)
    .innerJoin(companies, eq(officer_fetches.company_number, companies.company_number))
    .where(
      and(
        or(STALE, and(eq(companies.officers_state, 'pending'), ...filterConditions(query))),
        isNull(companies.deleted_at),
      ),
    )
    .get()
  return row?.at ?? null
}

function free(now: number): SQL {
  return sql`(${officer_fetches.company_number} IS NULL OR (${officer_fetches.claimed_by} IS NULL
    AND coalesce(${officer_fetches.retry_at}, 0) <= ${now}))`
}

type OfficersState = (typeof companies.$inferSelect)['officers_state']

/** Claims of companies that are in none of these states: refreshing a complete one adds nothing to the complete ones. */
function countClaims(tx: Tx, without: OfficersState[]): number {
  const row = tx
    .select({ n: count() })
    .from(officer_fetches)
    .innerJoin(companies, eq(officer_fetches.company_number, companies.company_number))
    .where(and(isNotNull(officer_fetches.claimed_by), notInArray(companies.officers_state, without)))
    .get()
  return row?.n ?? 0
}

function saveClaim(tx: Tx, companyNumber: string, runId: number): void {
  tx.insert(officer_fetches)
    .values({ company_number: companyNumber, claimed_by: runId })
    .onConflictDoUpdate({ target: officer_fetches.company_number, set: { claimed_by: runId } })
    .run()
}

function freeDeadClaims(tx: Tx, ownRun: number, clock: Clock): void {
  const holders = tx
    .selectDistinct({ run: officer_fetches.claimed_by })
    .from(officer_fetches)
    .where(isNotNull(officer_fetches.claimed_by))
    .all()
    .flatMap(({ run }) => (run === null || run === ownRun ? [] : [run]))
  const dead = deadRuns(tx, clock, holders)
  if (dead.length > 0)
    tx.update(officer_fetches).set({ claimed_by: null }).where(inArray(officer_fetches.claimed_by, dead)).run()
}

/** How many more companies may become complete, as if all that are claimed or in doubt did; claims of dead runs are freed. */
export function roomBelow(tx: Tx, target: number, runId: number, clock: Clock): number {
  freeDeadClaims(tx, runId, clock)
  const { complete, stale } = readTallies(tx)
  return target - complete - stale - countClaims(tx, ['complete', 'stale'])
}
