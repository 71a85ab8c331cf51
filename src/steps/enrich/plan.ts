// What a run of `enrich` would ask and could cost at most, from what is stored. It only reads, and asks nobody.

import { type PlannedCompany, readPlannedCompanies } from '../../db/jobs/lists.ts'
import { type Db, snapshot, type Tx } from '../../db/open.ts'
import { findBestDomain, findStoredOfficers } from '../../db/purchases/contacts.ts'
import { type CreditLimits, readCreditRoom } from '../../db/purchases/credits.ts'
import type { Operation } from '../../db/purchases/requests.ts'
import { loadSuppressions, type Suppressions } from '../../db/suppress/suppressions.ts'
import type { Quota } from '../../settings.ts'
import type { DomainAnswer } from '../purchases/answers.ts'
import { domainInput, type Known, personInput, readKnown } from '../purchases/inputs.ts'
import { companySearchName } from '../purchases/match.ts'
import { wantedPeople } from '../purchases/people.ts'
import type { Terms } from '../purchases/provider.ts'
import { type QueueOptions, selectCompanies } from './queue.ts'

/** So many people are reckoned with in a company whose officers are not stored yet. */
const UNKNOWN_PEOPLE = 3
/** Calls of one purchase: start, two polls, and the balance now and then. */
const CALLS_PER_PURCHASE = 4

export interface PlanOptions {
  queue: QueueOptions
  limits: CreditLimits
  minConfidence: number
  roles: readonly string[]
  retryMissesBefore: number | null
  companiesHouseQuota: Quota
  snovQuota: Quota
  /** What the provider takes for each kind of purchase. */
  terms: Record<Operation, Terms>
  now: number
}

/** The names are those that `--json` prints. */
export interface EnrichPlan {
  companies: number
  /** Company names that nobody has asked Snov for. */
  names_to_ask: number
  /** People that nobody has asked for, if every name has a domain. */
  people_to_ask: number
  /** Companies among them whose officers are not stored; three people are reckoned with in each. */
  companies_without_officers: number
  calls: { companies_house: number; snov: number }
  worst_case_credits: number
  /** What the limits leave of that. */
  credits_allowed: number
  estimated_seconds: number
}

/** Reckons what a run with these options would do. */
export function planEnrichment(db: Db, options: PlanOptions): EnrichPlan {
  return snapshot(db, (tx) => {
    const { scope } = selectCompanies(tx, options.queue)
    const suppressions = loadSuppressions(tx)
    const rows = readPlannedCompanies(tx, scope, {
      dueBy: options.queue.dueBy,
      skippedBefore: options.queue.retrySkippedBefore,
      includeInactive: options.queue.includeInactive,
    })
    const taken = rows.filter(({ companyNumber }) => !suppressions.company(companyNumber))
    const names = readNames(tx, taken, options)
    const all = taken.map((company) => needsOf(tx, company, names, suppressions, options))
    const sum = (of: (need: Needs) => number) => all.reduce((total, need) => total + of(need), 0)
    const unasked = new Set(all.flatMap(({ name }) => name ?? []))
    const people = sum((need) => need.people)
    const { domain, emails } = options.terms
    const worst = unasked.size * domain.price + people * emails.price
    const purchases = Math.ceil(unasked.size / domain.maxRows) + sum((need) => Math.ceil(need.people / emails.maxRows))
    const calls = { companies_house: sum((need) => need.restCalls), snov: purchases * CALLS_PER_PURCHASE }
    const room = readCreditRoom(tx, options.limits, 0, options.now)
    return {
      companies: taken.length,
      names_to_ask: unasked.size,
      people_to_ask: people,
      companies_without_officers: all.filter(({ unknown }) => unknown).length,
      calls,
      worst_case_credits: worst,
      credits_allowed: Math.min(worst, room),
      estimated_seconds: Math.ceil(
        Math.max(
          secondsOf(calls.companies_house, options.companiesHouseQuota),
          secondsOf(calls.snov, options.snovQuota),
        ),
      ),
    }
  })
}

function secondsOf(calls: number, { limit, windowMs }: Quota): number {
  return (calls * windowMs) / limit / 1000
}

function readNames(tx: Tx, companies: PlannedCompany[], { retryMissesBefore }: PlanOptions): Map<string, Known> {
  const inputs = companies.map(({ companyName }) => domainInput(companySearchName(companyName)))
  return readKnown(tx, 'domain', inputs, retryMissesBefore)
}

interface Needs {
  /** The key of a name that is to be asked for. */
  name: string | null
  people: number
  /** The officers are not stored, so the people are a guess. */
  unknown: boolean
  restCalls: number
}

function needsOf(
  tx: Tx,
  company: PlannedCompany,
  names: Map<string, Known>,
  suppressions: Suppressions,
  { minConfidence, roles }: PlanOptions,
): Needs {
  const { companyNumber, companyName, officersState, stage, hasDetails } = company
  const { key } = domainInput(companySearchName(companyName))
  const known = names.get(key)
  const beforeDomain = stage === null || stage === 'details' || stage === 'domain'
  const stored = beforeDomain ? null : findBestDomain(tx, companyNumber)
  const domain = beforeDomain ? domainOf(known) : (stored?.domain ?? 'none')
  const details = stage === 'details' || (stage === null && !hasDetails) ? 1 : 0
  const name = beforeDomain && known?.state === 'unasked' ? key : null
  const refused = domain !== 'unknown' && suppressions.domain(domain)
  const unlikely = !beforeDomain && (stored?.confidence ?? 0) < minConfidence
  if (domain === 'none' || refused) return { name, people: 0, unknown: false, restCalls: details }
  const unknown = officersState !== 'complete'
  const restCalls = details + (unknown ? 1 : 0)
  if (unlikely || officersState === 'none') return { name, people: 0, unknown: false, restCalls }
  if (unknown) return { name, people: UNKNOWN_PEOPLE, unknown, restCalls }
  const officers = findStoredOfficers(tx, companyNumber).filter((officer) => !suppressions.officer(officer))
  const inputs = wantedPeople(officers, roles, company.companyStatus).map((person) => personInput(person, domain))
  const asked = domain === 'unknown' ? null : readKnown(tx, 'emails', inputs)
  const people = inputs.filter((input) => (asked?.get(input.key)?.state ?? 'unasked') === 'unasked').length
  return { name, people, unknown, restCalls }
}

/** The domain of a name: `none` when it has none, `unknown` while nobody has asked or the answer is awaited. */
function domainOf(known: Known | undefined): string {
  if (known?.state !== 'answered') return 'unknown'
  return known.answer.outcome === 'hit' ? (known.answer.answer as DomainAnswer).domain : 'none'
}
