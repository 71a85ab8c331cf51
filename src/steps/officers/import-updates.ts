// Applies daily updates of the bulk products to the lists that are stored, without a call. All files are read and put in
// order before anything is written; each is then applied in one transaction, with the note that it was. Safe to run again:
// what was applied is passed over.
import type { BulkSources } from '../../companies-house/bulk/files.ts'
import { type BulkChange, readBulkCompany, readChange } from '../../companies-house/bulk/records.ts'
import { readKnownCompanies } from '../../db/companies/companies.ts'
import { momentOfFile, readUpdateChain, saveUpdateFile, type UpdateChain } from '../../db/officers/bulk-files.ts'
import { type BulkStaging, openBulkStaging } from '../../db/officers/bulk-staging.ts'
import { reopenNone } from '../../db/officers/fetches.ts'
import {
  findListedCompany,
  isPersonStored,
  type ListedCompany,
  listAppointmentsOf,
  saveFiledList,
  withholdsAnybody,
} from '../../db/officers/filed.ts'
import { listOfficers } from '../../db/officers/officers.ts'
import { type Tx, write } from '../../db/open.ts'
import { followPeople } from '../../db/suppress/people.ts'
import { listSuppressions } from '../../db/suppress/suppressions.ts'
import { ChpipeError } from '../../errors.ts'
import { applyChanges, countCurrent, elsewhereUpdated } from './filed-changes.ts'
import { type FiledProgress, runText, type StagedFile, stageBulkFiles } from './filed-read.ts'
import type { FileOrigin } from './filed-rows.ts'
import type { ImportFileStep } from './import-file.ts'
import { orderUpdates, type SkippedRun } from './update-order.ts'

/** What one file did. */
export interface AppliedUpdate {
  run: string
  /** ISO. */
  produced_on: string
  records: number
  /** Companies with a list that the file is about. */
  companies: number
  added: number
  changed: number
  removed: number
  /** Lists in doubt since, which are to be fetched. */
  doubtful: number
  /** Companies with a list that is newer than the file. */
  kept_newer: number
  /** Companies that were believed to have no officers, and are pending now. */
  reopened: number
}

export interface ImportUpdatesSummary {
  applied: AppliedUpdate[]
  skipped: { run: string; produced_on: string; why: SkippedRun['why'] }[]
  /** There is a snapshot from which they follow, so that lists are proven up to the last of them. */
  follows_snapshot: boolean
}

export interface ImportUpdatesOptions {
  sources: BulkSources
  onProgress(progress: FiledProgress | { phase: 'storing'; companies: number }): void
  /** Told as each file is applied, so that an interrupted run can say how far it came. */
  onApplied(update: AppliedUpdate): void
}

type Update = StagedFile & { run: number; producedOn: string; index: number }

/** Reads, orders and applies the files. Throws a `data` error, with nothing changed, for what cannot be believed. */
export async function importOfficerUpdates(
  step: ImportFileStep,
  { sources, onProgress, onApplied }: ImportUpdatesOptions,
): Promise<ImportUpdatesSummary> {
  const { db, signal } = step
  using staging = openBulkStaging(db)
  const staged = await stageBulkFiles(sources, staging, {
    kind: 'update',
    known: readKnownCompanies(db),
    alsoWanted: (line) => isPersonStored(db, line.slice(31, 43)),
    check() {},
    onProgress,
  })
  signal.throwIfAborted()
  const files = staged.map((file, index): Update => {
    const { run, producedOn } = file.header
    return { ...file, run, producedOn, index }
  })
  const chain = readUpdateChain(db)
  const order = orderUpdates(files, chain)
  write(db, (tx) => followPeople(tx, listSuppressions(tx), new Date(step.startedAt).toISOString()))
  const applied: AppliedUpdate[] = []
  for (const file of order.due) {
    signal.throwIfAborted()
    const update = write(db, (tx) => applyUpdate(step, tx, file, { staging, chain, applied }))
    applied.push(update)
    onApplied(update)
    onProgress({ phase: 'storing', companies: applied.reduce((sum, { companies }) => sum + companies, 0) })
  }
  return {
    applied,
    skipped: order.skipped.map(({ run, producedOn, why }) => ({ run: runText(run), produced_on: producedOn, why })),
    follows_snapshot: chain.snapshot !== null,
  }
}

interface Applying {
  staging: BulkStaging
  /** As it was when the files were put in order. */
  chain: UpdateChain
  /** By this run, since then. */
  applied: AppliedUpdate[]
}

function applyUpdate(step: ImportFileStep, tx: Tx, file: Update, applying: Applying): AppliedUpdate {
  const { chain, applied, staging } = applying
  const now = readUpdateChain(tx)
  if (now.applied.length !== chain.applied.length + applied.length || now.snapshot?.run !== chain.snapshot?.run) {
    throw new ChpipeError('data', 'Another process has imported bulk files meanwhile', {
      hint: 'run the command again',
    })
  }
  const { run, producedOn, records, index } = file
  // A clock that is behind the files would give them all one moment.
  const importedAt = step.startedAt + applied.length
  const update: AppliedUpdate = {
    run: runText(run),
    produced_on: producedOn,
    records,
    companies: 0,
    added: 0,
    changed: 0,
    removed: 0,
    doubtful: 0,
    kept_newer: 0,
    reopened: 0,
  }
  const moment = momentOfFile(producedOn, importedAt)
  const provenSince = chain.snapshot && momentOfFile(chain.snapshot.producedOn, chain.snapshot.importedAt)
  const origin = { source: 'bulk-198', moment, runId: step.runId }
  const todo: Todo = { ...applying, origin, provenSince, update, index, everywhere: [] }
  for (let after = ''; ; ) {
    const numbers = staging.companies(after, COMPANIES_PER_PAGE, index)
    for (const number of numbers) updateCompanyList(step, tx, number, todo)
    const last = numbers.at(-1)
    if (last === undefined) break
    after = last
  }
  // Records without a company stand under an empty number, in front of all others.
  todo.everywhere.push(...readChanges(staging, '', index).changes)
  for (const change of todo.everywhere) updateElsewhere(step, change, todo)
  saveUpdateFile(tx, { runId: step.runId, importedAt }, { run, producedOn, part: null, records })
  return update
}

const COMPANIES_PER_PAGE = 500

interface Todo extends Applying {
  origin: FileOrigin
  /** Since when the updates follow each other without a gap; null when they follow no snapshot. */
  provenSince: string | null
  update: AppliedUpdate
  index: number
  /** Changes that belong to a person in other companies as well. */
  everywhere: BulkChange[]
}

interface CompanyChanges {
  /** How many officers the company has now, by the file; null where it does not say. */
  told: number | null
  changes: BulkChange[]
  fault: string | null
}

function readChanges(staging: BulkStaging, number: string, index: number): CompanyChanges {
  const read: CompanyChanges = { told: null, changes: [], fault: null }
  for (const { kind, line, number: at } of staging.records(number, index)) {
    if (kind === 'company') {
      const company = readBulkCompany(line)
      read.told = typeof company === 'string' ? null : company.officers
      continue
    }
    const change = readChange(line)
    if (typeof change === 'string') read.fault ??= `line ${at}: ${change}`
    else read.changes.push(change)
  }
  return read
}

function updateCompanyList(step: ImportFileStep, tx: Tx, number: string, todo: Todo): void {
  const { staging, index, update, origin } = todo
  const read = readChanges(staging, number, index)
  todo.everywhere.push(...read.changes)
  const company = findListedCompany(step.db, number)
  if (company === undefined) return
  const { officers_state: state, officers_fetched_at: provenAt } = company
  if (state === 'pending' || state === 'failed') return
  update.companies += 1
  if (provenAt !== null && provenAt >= origin.moment) {
    update.kept_newer += 1
    return
  }
  if (state === 'none') {
    update.reopened += reopenNone(tx, [number])
    return
  }
  saveChanges(step, company, read, todo)
}

function saveChanges(
  { db, runId, startedAt, log }: ImportFileStep,
  company: ListedCompany,
  { told, changes, fault }: CompanyChanges,
  { origin, provenSince, update }: Todo,
): void {
  const { company_number: companyNumber, officers_fetched_at: provenAt } = company
  const before = listOfficers(db, companyNumber)
  const { rows, doubt } = applyChanges(before, changes, origin)
  const current = countCurrent(rows)
  const differs =
    told !== null && told !== current && !withholdsAnybody(db, companyNumber)
      ? `the update counts ${told} officers, and ${current} are stored`
      : null
  const why = fault ?? doubt ?? differs
  const state = why !== null || company.officers_state === 'stale' ? 'stale' : 'complete'
  const isProven = state === 'complete' && provenSince !== null && provenAt !== null && provenAt >= provenSince
  const list = { companyNumber, before, after: rows, state, provenAt: isProven ? origin.moment : null } as const
  const at = new Date(startedAt).toISOString()
  count(update, saveFiledList(db, list, { at, runId }))
  if (why === null) return
  update.doubtful += 1
  log.warn('officer list in doubt', { company: companyNumber, why })
}

function count(update: AppliedUpdate, { added, changed, removed }: ReturnType<typeof saveFiledList>): void {
  update.added += added
  update.changed += changed
  update.removed += removed
}

/** Brings all rows of a person up to date in what belongs to the person. */
function updateElsewhere({ db, runId, startedAt }: ImportFileStep, change: BulkChange, todo: Todo): void {
  const { origin, update } = todo
  for (const found of listAppointmentsOf(db, change.personNumber)) {
    const companyNumber = found.company_number
    const changed = elsewhereUpdated(found, change, origin)
    const company = changed === found ? undefined : findListedCompany(db, companyNumber)
    const state = company?.officers_state
    if (state !== 'complete' && state !== 'stale') continue
    const before = listOfficers(db, companyNumber)
    const after = before.map((row) => (row.appointment_id === found.appointment_id ? changed : row))
    const at = new Date(startedAt).toISOString()
    count(update, saveFiledList(db, { companyNumber, before, after, state, provenAt: null }, { at, runId }))
  }
}
