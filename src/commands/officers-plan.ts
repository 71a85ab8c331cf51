// Which companies' officers a run wants, in which order, and how many those are before it starts.
import { formatDuration } from '../clock.ts'
import type { Context } from '../context.ts'
import { definePostcodeTest, isFiltering, type OfficersFilter } from '../db/officers/filter.ts'
import { countCandidates, type FetchOrder } from '../db/officers/order.ts'
import { type Db, snapshot } from '../db/open.ts'
import { readTallies } from '../db/tallies.ts'
import { ChpipeError } from '../errors.ts'
import { postcodeTest } from '../postcode.ts'
import { counted, formatNumber } from '../text.ts'
import { requireList } from './require-list.ts'
import { offering } from './values.ts'

/** What `--order` says; null for the order of the numbers. */
export type ChosenOrder = FetchOrder | 'random' | 'number'

const ORDERS = ['newest', 'oldest', 'random', 'number'] as const

/** `random:42` is drawn by that seed, a whole number of up to nine digits. */
export const fetchOrder = offering(ORDERS, (text: string): ChosenOrder => {
  const named = ORDERS.find((one) => one === text)
  const [, seed] = /^random:(\d{1,9})$/.exec(text) ?? []
  if (named !== undefined) return named
  if (seed !== undefined) return { seed: Number(seed) }
  throw new ChpipeError('usage', `Expected newest, oldest, random, random:<seed> or number, got: ${text}`)
})

/** The order for a run: a draw without a seed gets one, so that it can be repeated. `number` needs none. */
export function orderOf(chosen: ChosenOrder | undefined): FetchOrder | undefined {
  if (chosen === undefined || chosen === 'number') return undefined
  return chosen === 'random' ? { seed: Math.floor(Math.random() * 1e9) } : chosen
}

export interface FilterOptions extends Omit<OfficersFilter, 'postcode'> {
  postcode?: string[] | undefined
}

/** The filter that the options name. */
export function officersFilter({ postcode, ...options }: FilterOptions): OfficersFilter {
  const { status, type, sic, incorporatedFrom, incorporatedTo, list } = options
  if (incorporatedFrom !== undefined && incorporatedTo !== undefined && incorporatedFrom > incorporatedTo) {
    throw new ChpipeError(
      'usage',
      `--incorporated-from ${incorporatedFrom} lies after --incorporated-to ${incorporatedTo}`,
    )
  }
  const tests = postcode?.map(postcodeTest).filter((test) => test !== null)
  return {
    status,
    type,
    sic,
    incorporatedFrom,
    incorporatedTo,
    list,
    postcode: tests && ((text) => tests.some((test) => test(text))),
  }
}

/**
 * The target of a run for a list: as many as have officers now, and all that the list still lacks. Throws `usage` where
 * there is no such list.
 */
export function targetOfList(db: Db, filter: OfficersFilter): number {
  const { list = '' } = filter
  requireList(db, list)
  definePostcodeTest(db, filter)
  return snapshot(db, (tx) => Math.max(1, readTallies(tx).complete + countCandidates(tx, filter)))
}

export interface OfficersPlan {
  target: number
  limit: number
  filter: OfficersFilter
  order: FetchOrder | undefined
}

/** Tells how many companies are wanted, how many there are to choose from, and how long they take at least. */
export function tellPlan({ log, settings }: Context, db: Db, { target, limit, filter, order }: OfficersPlan): void {
  definePostcodeTest(db, filter)
  const { complete, candidates } = snapshot(db, (tx) => ({
    complete: readTallies(tx).complete,
    candidates: countCandidates(tx, filter),
  }))
  const wanted = Math.max(0, target - complete)
  if (wanted === 0) return
  const { limit: calls, windowMs } = settings.quota
  const atOnce = Math.min(wanted, candidates, limit)
  const leastMs = Math.floor(Math.max(0, atOnce - 1) / calls) * windowMs
  const few = candidates < wanted ? ': too few to reach the target' : ''
  const chosen = isFiltering(filter) ? ' of the chosen kind' : ''
  log.info(`${counted(candidates, 'candidate')}${chosen} for ${formatNumber(wanted)} still wanted${few}`, {
    order: orderText(order),
    limit: Number.isFinite(limit) ? limit : undefined,
    takes: leastMs > 0 ? `at least ${formatDuration(leastMs)}` : undefined,
    try: few === '' ? undefined : 'chpipe import-companies',
  })
}

function orderText(order: FetchOrder | undefined): string | undefined {
  return typeof order === 'object' ? `random:${order.seed}` : order
}
