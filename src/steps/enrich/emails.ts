// Fourth stage: the addresses of a company's people at its domain. What is answered is stored with the end of the job;
// nobody who must be left alone is asked for.
import pLimit from 'p-limit'
import { snapshot, type Tx } from '../../db/open.ts'
import {
  type FoundAddress,
  findBestDomain,
  findCompany,
  findStoredOfficers,
  saveDomainState,
  saveEmails,
} from '../../db/purchases/contacts.ts'
import { readOpenIds, readOpenInputs } from '../../db/purchases/requests.ts'
import { loadSuppressions, type Suppressions } from '../../db/suppress/suppressions.ts'
import { withheldFrom } from '../../db/suppress/withheld.ts'
import type { EmailsAnswer } from '../purchases/answers.ts'
import { personInput, readKnown } from '../purchases/inputs.ts'
import { buyEmails, readCatchAll } from '../purchases/orders.ts'
import { type WantedPerson, wantedPeople } from '../purchases/people.ts'
import { deferIfStuck } from './domains.ts'
import type { PaidGate } from './gate.ts'
import {
  type Enrichment,
  type HeldJob,
  type HeldJobs,
  holdJobs,
  laneOf,
  lookAgain,
  moveJob,
  refusalOf,
} from './jobs.ts'

/** Companies in hand at once. */
const CAPACITY = 60
/** Purchases started side by side. */
const WIDTH = 4
/** Companies that wait for an answer are looked at this often, whatever becomes of it. */
const LOOK_AT_ALL_MS = 1000

interface Wanted {
  domain: string
  people: WantedPerson[]
}

/** Makes the worker of the e-mail stage: each round of it returns whether there was anything to do. */
export function emailWorker(run: Enrichment, gate: PaidGate) {
  const held = holdJobs(run, 'emails', CAPACITY)
  const slots = pLimit(WIDTH)
  const isTime = lookAgain(run)
  /** The request that a company waits for: until it ends, another look would find nothing new. */
  const waits = new Map<string, number>()
  let lookAllAt = 0
  const round = async (signal: AbortSignal): Promise<boolean> => {
    const claimed = held.fill()
    if (held.jobs.length === 0 || (!isTime() && !claimed)) return claimed
    const { open, suppressions } = snapshot(run.db, (tx) => {
      return { open: readOpenIds(tx, 'emails'), suppressions: loadSuppressions(tx) }
    })
    const all = run.clock.steady() >= lookAllAt
    if (all) lookAllAt = run.clock.steady() + LOOK_AT_ALL_MS
    const worth = held.jobs.filter(({ companyNumber }) => all || !open.has(waits.get(companyNumber) ?? 0))
    const step = async (job: HeldJob) => {
      const { busy, waitsFor } = await advance(run, gate, held, job, suppressions, signal)
      if (waitsFor === null) waits.delete(job.companyNumber)
      else waits.set(job.companyNumber, waitsFor)
      return busy
    }
    const steps = worth.map((job) => slots(async () => !signal.aborted && step(job)))
    const ends = await Promise.allSettled(steps)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return claimed || ends.some((end) => end.status === 'fulfilled' && end.value)
  }
  return { round, held }
}

interface Advance {
  /** Whether anything came of it. */
  busy: boolean
  /** The open request without whose end nothing more can be done for the company. */
  waitsFor: number | null
}

const ENDED: Advance = { busy: true, waitsFor: null }

/** One step of one company. */
async function advance(
  run: Enrichment,
  gate: PaidGate,
  held: HeldJobs,
  job: HeldJob,
  suppressions: Suppressions,
  signal: AbortSignal,
): Promise<Advance> {
  const verdict = snapshot(run.db, (tx) => judge(tx, run, job, suppressions))
  if ('end' in verdict) {
    if (verdict.end === 'unlikely') endUnlikely(run, job, verdict.domain)
    else moveJob(run, job, verdict.end)
    held.drop(job.companyNumber)
    return ENDED
  }
  if (verdict.state === 'answered') {
    store(run, job, verdict)
    held.drop(job.companyNumber)
    return ENDED
  }
  if (verdict.state === 'waiting' && verdict.stuck !== null && deferIfStuck(run, job, verdict.stuck)) {
    held.drop(job.companyNumber)
    return ENDED
  }
  if (verdict.state === 'waiting') return { busy: false, waitsFor: verdict.stuck }
  return { busy: await buy(run, gate, held, job, verdict, signal), waitsFor: null }
}

type Verdict =
  | { end: { state: 'done' } | { state: 'skipped'; error: string } }
  | { end: 'unlikely'; domain: string }
  /** `stuck`: the oldest open request that is waited for. */
  | (Wanted & { state: 'answered' | 'unasked' | 'waiting'; stuck: number | null })

/** Whom to ask for, and how far the answers are. */
function judge(tx: Tx, { options }: Enrichment, job: HeldJob, suppressions: Suppressions): Verdict {
  const { companyNumber } = job
  const company = findCompany(tx, companyNumber)
  const refusal = company ? refusalOf(company, job, options, suppressions) : 'the company is gone'
  if (refusal !== null) return { end: { state: 'skipped', error: refusal } }
  const found = findBestDomain(tx, companyNumber)
  if (!found) return { end: { state: 'done' } }
  const { domain, confidence } = found
  if (suppressions.domain(domain)) return { end: { state: 'skipped', error: 'suppressed' } }
  if ((confidence ?? 0) < options.minConfidence) return { end: 'unlikely', domain }
  const people = peopleOf(tx, companyNumber, suppressions, { ...options, status: company?.company_status ?? null })
  const inputs = people.map((person) => personInput(person, domain))
  const known = [...readKnown(tx, 'emails', inputs).values()]
  if (known.every(({ state }) => state === 'answered')) return { domain, people, state: 'answered', stuck: null }
  const open = readOpenInputs(tx, 'emails').filter((input) => input.domain === domain.toLowerCase())
  const stuck = open.length > 0 ? Math.min(...open.map(({ requestId }) => requestId)) : null
  const mayBuy = known.some(({ state }) => state === 'unasked') && (stuck === null || readCatchAll(tx, domain) !== null)
  return { domain, people, state: mayBuy ? 'unasked' : 'waiting', stuck }
}

/** The people to ask for, without those who must be left alone under any of their appointments. */
function peopleOf(
  tx: Tx,
  companyNumber: string,
  suppressions: Suppressions,
  { roles, status }: { roles: readonly string[]; status: string | null },
): WantedPerson[] {
  const officers = findStoredOfficers(tx, companyNumber)
  const silent = new Set(officers.filter((one) => suppressions.officer(one)).map((one) => one.appointment_id))
  const withheld = withheldFrom(tx, companyNumber)
  return wantedPeople(officers, roles, status).filter(
    ({ firstName, lastName, appointmentIds }) =>
      !appointmentIds.some((id) => silent.has(id)) && !withheld.name(`${firstName} ${lastName}`),
  )
}

function endUnlikely(run: Enrichment, job: HeldJob, domain: string): void {
  const { companyNumber } = job
  moveJob(run, job, { state: 'done' }, (tx) => saveDomainState(tx, companyNumber, domain, 'unlikely'))
}

function store(run: Enrichment, job: HeldJob, { domain, people }: Wanted): void {
  const { runId, counts, log } = run
  const { companyNumber } = job
  let stored = 0
  const moved = moveJob(run, job, { state: 'done' }, (tx, now) => {
    const suppressions = loadSuppressions(tx)
    const found = foundAddresses(tx, domain, people).filter(({ email }) => !suppressions.email(email))
    saveEmails(tx, { companyNumber, foundAt: new Date(now).toISOString(), runId }, found)
    saveDomainState(tx, companyNumber, domain, readCatchAll(tx, domain)?.catchAll ? 'catch-all' : 'found')
    stored = new Set(found.map(({ email }) => email)).size
  })
  if (!moved) return
  counts.emails += stored
  log.info('company enriched', { company: companyNumber, domain, people: people.length, emails: stored })
}

function foundAddresses(tx: Tx, domain: string, people: WantedPerson[]): FoundAddress[] {
  const known = readKnown(
    tx,
    'emails',
    people.map((person) => personInput(person, domain)),
  )
  return people.flatMap((person) => {
    const one = known.get(personInput(person, domain).key)
    if (one?.state !== 'answered' || one.answer.outcome !== 'hit') return []
    const { provider } = one.answer
    const { emails } = one.answer.answer as EmailsAnswer
    return person.appointmentIds.flatMap((appointmentId) =>
      emails.map(({ email, status, reason }) => ({ provider, appointmentId, email, status, reason })),
    )
  })
}

async function buy(
  run: Enrichment,
  gate: PaidGate,
  held: HeldJobs,
  job: HeldJob,
  { domain, people }: Wanted,
  signal: AbortSignal,
): Promise<boolean> {
  const { limits } = run.options
  if (!gate.isOpen()) {
    if (gate.isHopeless()) held.setAside([job])
    return false
  }
  const purchase = await buyEmails(
    run,
    { domain, people },
    { limits, retryMissesBefore: null, lane: laneOf([job]), signal },
  )
  gate.ended(purchase)
  if (purchase.ended === 'bought') run.settled += 1
  if (purchase.ended === 'refused') {
    moveJob(run, job, { state: 'failed', error: purchase.error })
    held.drop(job.companyNumber)
  }
  return ['started', 'bought', 'answered'].includes(purchase.ended)
}
