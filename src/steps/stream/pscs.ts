// The stream of persons with significant control: what its events do to the records of stored companies, and which of these
// are in doubt when it has lost some. It keeps a snapshot fresh until the next one; what it loses, the next one brings.
import type { Clock } from '../../clock.ts'
import { readPsc } from '../../companies-house/pscs/item.ts'
import { companiesNamed } from '../../companies-house/stream/officers.ts'
import { type PscEvent, pscReader } from '../../companies-house/stream/pscs.ts'
import type { Db } from '../../db/open.ts'
import { doubtPscs, forgetPscTimepoints, savePscLoss } from '../../db/psc-doubt.ts'
import { PSC_FILED } from '../../db/pscs/pscs.ts'
import { findRecord, putRecord, type StoredRecord, takeRecord } from '../../db/pscs/records.ts'
import { pscRules } from '../../db/suppress/pscs.ts'
import type { Log } from '../../log.ts'
import { parseJson } from '../../text.ts'
import type { EventOrigin, Loss, RowChanges, StreamKind } from './kind.ts'
import { publishedMs, toldAt } from './place.ts'

/** Its cursor, gaps and rejects stand under this name. */
export const PSC_STREAM = 'psc'

/** Where the beginning of a lost span is unknown, nothing of it is searched anyway: the next snapshot has it. */
const REACH_DAYS = 1

export interface PscStreamOptions {
  db: Db
  clock: Clock
  log: Log
  runId: number
}

/** The stream of one run. */
export function pscStream(options: PscStreamOptions): StreamKind<PscEvent> {
  const { db } = options
  return {
    name: PSC_STREAM,
    ...pscReader,
    reachDays: REACH_DAYS,
    recovery: 'the next snapshot brings what is lost: chpipe import-pscs',
    apply: (_tx, event, origin, changes) => applyPsc(db, event, origin, changes),
    kept: (_tx, line) => (mayTellOfWithheld(db, line) ? '' : line),
    lost: (_tx, loss) => doubt(options, loss),
  }
}

/** A loss that names companies puts these in doubt, any other one all that were read: as long as it stands among the gaps. */
function doubt({ db, clock, log, runId }: PscStreamOptions, loss: Loss): void {
  const named = loss.kind === 'line' ? companiesNamed(loss.line) : []
  const doubted = named.filter((companyNumber) => doubtPscs(db, companyNumber))
  const isOver = loss.kind === 'line' && (named.length > 0 || loss.timepoint === null)
  if (isOver && doubted.length === 0) return
  if (loss.kind === 'renumbered') forgetPscTimepoints(db)
  if (!isOver && loss.kind !== 'renumbered' && !(loss.kind === 'span' && loss.isNoted)) {
    savePscLoss(db, { timepoint: loss.kind === 'line' ? loss.timepoint : null, now: clock.now(), runId })
  }
  log.warn('events about persons with significant control are lost: what is stored of companies is in doubt', {
    companies: isOver ? doubted.join(', ') : 'all',
    try: 'chpipe import-pscs, with the next snapshot',
  })
}

const COMPANY = /company\/([A-Z0-9]{8})(?![A-Z0-9])/

/** Whether a line that could not be applied tells of somebody whom a rule leaves alone, or nobody can say of whom. */
function mayTellOfWithheld(db: Db, line: string): boolean {
  const rules = pscRules(db)
  if (rules.empty) return false
  const companyNumber = COMPANY.exec(line)?.[1] ?? ''
  const read = readPsc(dataIn(line), companyNumber)
  return typeof read === 'string' || read.odd || rules.means({ company_number: companyNumber, ...read.values })
}

function dataIn(line: string): unknown {
  try {
    return (Object(parseJson(line)) as { data?: unknown }).data
  } catch {
    return undefined
  }
}

function applyPsc(db: Db, event: PscEvent, origin: EventOrigin, changes: RowChanges): void {
  const { companyNumber, pscId, timepoint } = event
  const known = findRecord(db, companyNumber, pscId)
  if (known === null || isOlder(event, known)) return
  const told = { toldAt: toldAt(event, origin), timepoint, runId: origin.runId }
  if (event.kind === 'deleted') {
    if (takeRecord(db, companyNumber, pscId, told)) changes.deleted += 1
    return
  }
  if (known.row && PSC_FILED.every((column) => known.row?.[column] === event.values[column])) return
  const isStored = putRecord(db, { company_number: companyNumber, psc_id: pscId, ...event.values }, told)
  if (isStored) changes[known.row ? 'updated' : 'inserted'] += 1
  else if (known.row) changes.deleted += 1
}

/** What the clock of one service may lag behind that of another. */
const MARGIN_MS = 120_000

/**
 * Whether something newer is known of the record: by the timepoint against another event, by the clock of Companies House
 * against a snapshot, or against the moment at which it was taken away.
 */
function isOlder({ timepoint, publishedAt }: PscEvent, { row, goneAt, snapshotAt }: StoredRecord): boolean {
  if (row && row.stream_timepoint !== null) {
    if (row.stream_timepoint > timepoint) return true
    if (snapshotAt === null || row.fetched_at > snapshotAt) return false
  }
  const published = publishedMs(publishedAt)
  const known = [row?.fetched_at, goneAt, snapshotAt].flatMap((at) => (at ? [Date.parse(at)] : []))
  return published !== null && Math.max(...known) - published > MARGIN_MS
}
