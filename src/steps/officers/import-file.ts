// Completes officer lists from a snapshot of the bulk products, without a call. It reads all parts, writes nothing unless
// all of them are good, and then stores company by company in short transactions. Safe to run again: a list that is as new
// as the file is passed over, and what was not reached is still pending.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { BulkSources } from '../../companies-house/bulk/files.ts'
import { readKnownCompanies } from '../../db/companies/companies.ts'
import {
  type ImportedFile,
  momentOfFile,
  readUpdateChain,
  type SnapshotProduct,
  saveSnapshotFiles,
} from '../../db/officers/bulk-files.ts'
import { type BulkStaging, openBulkStaging } from '../../db/officers/bulk-staging.ts'
import { roomBelow } from '../../db/officers/claims.ts'
import { believeNone, saveNotes } from '../../db/officers/fetches.ts'
import { findListedCompany, type ListedCompany, saveFiledList } from '../../db/officers/filed.ts'
import { listOfficers } from '../../db/officers/officers.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { followPeople } from '../../db/suppress/people.ts'
import { listSuppressions } from '../../db/suppress/suppressions.ts'
import { createWritePace } from '../../db/write-pace.ts'
import { ChpipeError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type CompanyInFile, planFiledList, provesNone, readCompanyInFile } from './filed-list.ts'
import { type FiledProgress, runText, type StagedFile, stageBulkFiles } from './filed-read.ts'
import type { FileOrigin } from './filed-rows.ts'

export interface ImportFileStep {
  db: Db
  clock: Clock
  log: Log
  signal: AbortSignal
  runId: number
  /** When the run began, in milliseconds. */
  startedAt: number
}

export interface ImportFileOptions {
  sources: BulkSources
  /** No more companies than this become complete. */
  target: number
  /** Nor more than this in this run. */
  limit: number
  /** Which of the companies without a list get one; lists that are stored always take what is newer. */
  status: string[] | undefined
  sic: string[] | undefined
  onProgress(progress: FiledProgress | { phase: 'storing'; companies: number }): void
}

/** Why a company of the file has no complete list by it. */
export interface Disagreement {
  company_number: string
  why: string
}

export interface ImportFileSummary {
  product: SnapshotProduct
  run: string
  /** ISO. */
  produced_on: string
  /** Of the files, `null` for one that is no part. */
  parts: (string | null)[]
  /** All parts of the run have been imported, now or before. */
  whole: boolean
  records: number
  /** Stored companies that the file lists. */
  companies: number
  /** Companies that have a complete list since, and officers in those lists. */
  completed: number
  officers: number
  /** Companies of which the file proves that they have none. */
  none: number
  /** Lists that were stored before: brought up to date, and as new as the file or newer. */
  refreshed: number
  kept_newer: number
  /** Lists in doubt, since somebody who is stored is not in the file. */
  doubtful: number
  /** Beyond target, limit or filter, or being fetched by another process. */
  left_out: number
  /** Without officers in a file that does not prove that there are none. */
  unproven: number
  disagreeing: number
  /** The first of them. */
  disagreeing_companies: Disagreement[]
  /** Updates that were applied before, and are to be applied again to the lists of this file. */
  updates_to_repeat: number
}

/** Reads the files and stores what they prove. Throws a `data` error, with nothing changed, for what cannot be believed. */
export async function importOfficersFile(step: ImportFileStep, options: ImportFileOptions): Promise<ImportFileSummary> {
  const { db, clock, signal } = step
  using staging = openBulkStaging(db)
  const files = await stageBulkFiles(options.sources, staging, {
    kind: 'snapshot',
    known: readKnownCompanies(db),
    check: refuseMixture,
    onProgress: options.onProgress,
  })
  refuseMissingParts(files)
  signal.throwIfAborted()
  const summary = summaryOf(files)
  const first = files[0] as StagedFile
  const moment = momentOfFile(first.header.producedOn, step.startedAt)
  const origin = { source: `bulk-${summary.product}`, moment, runId: step.runId }
  write(db, (tx) => {
    followPeople(tx, listSuppressions(tx), new Date(step.startedAt).toISOString())
    summary.updates_to_repeat = readUpdateChain(tx).applied.length
    const of = { product: summary.product, runId: step.runId, importedAt: step.startedAt }
    summary.whole = saveSnapshotFiles(tx, of, files.map(importedFile))
  })
  await storeCompanies(step, { ...options, staging, origin, summary, clock })
  return summary
}

function importedFile({ header, named, records }: StagedFile): ImportedFile {
  return { run: header.run, producedOn: header.producedOn, part: named?.part ?? null, records }
}

/** Parts that do not belong together. */
function refuseMixture(
  { name, header, named }: Pick<StagedFile, 'name' | 'header' | 'named'>,
  before: StagedFile[],
): void {
  const [first] = before
  if (!first) return
  const refuse = (what: string) =>
    new ChpipeError('data', `The files are not parts of one snapshot: ${what}: ${name}`, {
      hint: 'name the parts of one run of one product; nothing was imported',
    })
  const { run, producedOn } = first.header
  if (header.run !== run) throw refuse(`run ${runText(header.run)} beside ${runText(run)}`)
  if (header.producedOn !== producedOn) throw refuse(`of ${header.producedOn} beside ${producedOn}`)
  const products = new Set([...before, { named }].map((file) => file.named?.product ?? ''))
  if (products.size > 1) throw refuse([...products].map((product) => product || 'an unnamed one').join(' beside '))
  const part = named?.part ?? null
  if (before.some((file) => (file.named?.part ?? null) === part)) throw refuse(`part ${part ?? name} comes twice`)
}

/** England and Wales come in numbered parts: one that lies between others is missing. */
function refuseMissingParts(files: StagedFile[]): void {
  const numbers = files.flatMap(({ named }) => /^ew_(\d+)$/.exec(named?.part ?? '')?.[1] ?? []).map(Number)
  if (numbers.length < 2 && files.length < 2) return
  const missing = Array.from({ length: Math.max(0, ...numbers) }, (_, at) => at + 1).filter(
    (number) => !numbers.includes(number),
  )
  if (missing.length === 0) return
  throw new ChpipeError('data', `Parts are missing: ${missing.map((number) => `ew_${number}`).join(', ')}`, {
    hint: 'name all parts of the snapshot, or a single one; nothing was imported',
  })
}

function summaryOf(files: StagedFile[]): ImportFileSummary {
  const [first] = files
  if (!first) throw new ChpipeError('usage', 'No file was named', { hint: 'chpipe import-officers --help' })
  const named = first.named?.product
  const product = named === '195' || named === '216' ? named : files.some(({ hasEnded }) => hasEnded) ? '216' : '195'
  return {
    product,
    run: runText(first.header.run),
    produced_on: first.header.producedOn,
    parts: files.map(({ named }) => named?.part ?? null),
    whole: false,
    records: files.reduce((sum, { records }) => sum + records, 0),
    companies: 0,
    completed: 0,
    officers: 0,
    none: 0,
    refreshed: 0,
    kept_newer: 0,
    doubtful: 0,
    left_out: 0,
    unproven: 0,
    disagreeing: 0,
    disagreeing_companies: [],
    updates_to_repeat: 0,
  }
}

interface Storing extends ImportFileOptions {
  staging: BulkStaging
  origin: FileOrigin
  summary: ImportFileSummary
  clock: Clock
}

const FEWEST_COMPANIES = 50
const MOST_COMPANIES = 2000

/** Stores the companies in the order of their numbers; others can write in between. */
async function storeCompanies(step: ImportFileStep, storing: Storing): Promise<void> {
  const { db, clock, signal } = step
  const { staging, summary, onProgress } = storing
  const pace = createWritePace(clock, { first: FEWEST_COMPANIES, fewest: FEWEST_COMPANIES, most: MOST_COMPANIES })
  for (let after = ''; ; ) {
    const numbers = staging.companies(after, pace.size())
    const last = numbers.at(-1)
    if (last === undefined) return
    const begun = clock.steady()
    write(db, (tx) => {
      const room = { left: roomBelow(tx, storing.target, step.runId, clock) }
      for (const number of numbers) storeCompany(step, tx, number, { ...storing, room })
    })
    await pace.wrote(clock.steady() - begun)
    onProgress({ phase: 'storing', companies: summary.companies })
    await nextTurn()
    signal.throwIfAborted()
    after = last
  }
}

interface Room {
  /** Companies that may still become complete. */
  left: number
}

function storeCompany(step: ImportFileStep, tx: Tx, number: string, storing: Storing & { room: Room }): void {
  const { staging, origin, summary } = storing
  const company = findListedCompany(step.db, number)
  if (company === undefined) return
  summary.companies += 1
  const { officers_state: state, officers_fetched_at: provenAt, claimed } = company
  if (provenAt !== null && provenAt >= origin.moment && state !== 'pending' && state !== 'failed') {
    summary.kept_newer += 1
    return
  }
  if (claimed) {
    summary.left_out += 1
    return
  }
  const found = readCompanyInFile(staging.records(number), number, origin)
  if (found.fault !== null) noteDisagreement(step, tx, { company_number: number, why: found.fault }, summary)
  else if (state === 'complete' || state === 'stale') refreshList(step, company, found, storing)
  else if (found.rows.length === 0) concludeNone(tx, number, storing)
  else completeList(step, company, found, storing)
}

const MOST_NAMED = 100

function noteDisagreement(step: ImportFileStep, tx: Tx, found: Disagreement, summary: ImportFileSummary): void {
  summary.disagreeing += 1
  if (summary.disagreeing_companies.length < MOST_NAMED) summary.disagreeing_companies.push(found)
  const detail = JSON.stringify({ product: summary.product, run: summary.run, why: found.why })
  const note = { kind: 'filed-officers-differ' as const, companyNumber: found.company_number, detail }
  saveNotes(tx, [note], { notedAt: step.startedAt, runId: step.runId })
}

/** A company without a list, of which the file lists nobody. */
function concludeNone(tx: Tx, number: string, { origin, summary }: Storing): void {
  if (!provesNone(summary.product, number)) {
    summary.unproven += 1
    return
  }
  believeNone(tx, number, { fetchedAt: origin.moment, retryAt: null })
  summary.none += 1
}

/** A company that gets its list by this file, as long as there is room for it. */
function completeList(
  step: ImportFileStep,
  company: ListedCompany,
  found: CompanyInFile,
  storing: Storing & { room: Room },
): void {
  const { summary, room, limit } = storing
  if (room.left <= 0 || summary.completed >= limit || !isChosen(company, storing)) {
    summary.left_out += 1
    return
  }
  const { state } = saveList(step, company, found, storing)
  if (state !== 'complete') return
  room.left -= 1
  summary.completed += 1
  summary.officers += found.rows.length
}

function isChosen({ company_status, sic_codes }: ListedCompany, { status, sic }: Storing): boolean {
  if (status && !(company_status !== null && status.includes(company_status))) return false
  return !sic || (sic_codes ?? '').split(',').some((code) => sic.includes(code))
}

function refreshList(step: ImportFileStep, company: ListedCompany, found: CompanyInFile, storing: Storing): void {
  const { doubt } = saveList(step, company, found, storing)
  storing.summary[doubt === null ? 'refreshed' : 'doubtful'] += 1
}

function saveList(
  { db, runId, startedAt, log }: ImportFileStep,
  company: ListedCompany,
  found: CompanyInFile,
  { origin, summary }: Storing,
) {
  const { company_number: companyNumber } = company
  const before = listOfficers(db, companyNumber)
  const lists = { stored: before, filed: found.rows }
  const plan = planFiledList(company, lists, { product: summary.product, moment: origin.moment })
  const provenAt = plan.state === 'complete' ? origin.moment : null
  const at = new Date(startedAt).toISOString()
  saveFiledList(db, { companyNumber, before, after: plan.after, state: plan.state, provenAt }, { at, runId })
  if (plan.doubt !== null) log.warn('officer list in doubt', { company: companyNumber, why: plan.doubt })
  return plan
}
