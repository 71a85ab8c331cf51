// The officers stream: what its events do to the lists that are stored, and which lists are in doubt when it has lost some.
// It keeps a complete list complete without a call. What it cannot prove is called stale, and fetched again.

import type { Clock } from '../../clock.ts'
import { readOfficerItem } from '../../companies-house/officer-item.ts'
import {
  appointmentsNamed,
  companiesNamed,
  EARLY_COLUMNS,
  itemIn,
  type OfficerEvent,
  officerReader,
} from '../../companies-house/stream/officers.ts'
import {
  countList,
  findAppointment,
  hasForeignIds,
  putAppointment,
  takeAppointment,
} from '../../db/officers/appointments.ts'
import {
  awaitOfficers,
  doubtAllLists,
  doubtList,
  findList,
  forgetTimepoints,
  type StoredList,
  touchList,
} from '../../db/officers/lists.ts'
import type { OfficerRow } from '../../db/officers/officers.ts'
import { type Db, write } from '../../db/open.ts'
import { readUnrepaired, saveRepaired } from '../../db/stream/gaps.ts'
import { partOfficers } from '../../db/suppress/withheld.ts'
import type { Log } from '../../log.ts'
import { isSteady, officerDrift, officerRow } from '../officers/rows.ts'
import type { EventOrigin, Loss, RowChanges, StreamKind } from './kind.ts'
import { publishedMs, toldAt } from './place.ts'

export interface OfficersStreamOptions {
  db: Db
  clock: Clock
  log: Log
}

const OFFICERS = 'officers'

/** Where the beginning of a lost span is unknown, nothing of it is searched anyway: lists are fetched. */
const REACH_DAYS = 1

/** The officers stream of one run. */
export function officersStream(options: OfficersStreamOptions): StreamKind<OfficerEvent> {
  const { db, clock } = options
  return {
    name: OFFICERS,
    ...officerReader,
    reachDays: REACH_DAYS,
    recovery: 'fetching the lists in doubt again',
    apply: (_tx, event, origin, changes) => applyOfficer(options, event, origin, changes),
    kept: (_tx, line) => (tellsOfWithheld(db, line) ? '' : line),
    lost: (_tx, loss) => doubt(options, loss),
    /** The lists in doubt are marked with the loss, and what fetches them asks for those; the span itself is dealt with. */
    async repair() {
      write(db, (tx) => {
        for (const gap of readUnrepaired(tx, OFFICERS)) saveRepaired(tx, gap, clock.now())
      })
    },
  }
}

/** Whether a line that could not be applied tells of an officer or a company that a rule leaves alone. */
function tellsOfWithheld(db: Db, line: string): boolean {
  return appointmentsNamed(line).some(({ companyNumber, appointmentId }) => {
    const read = itemIn(line) ?? readOfficerItem({})
    if (!read) return false
    const origin = { companyNumber, fetchedAt: '', runId: 0 }
    const row = { ...officerRow(read, origin), appointment_id: appointmentId }
    return (partOfficers(db, companyNumber, [row])?.withheld.length ?? 0) > 0
  })
}

function doubt({ db, log }: OfficersStreamOptions, loss: Loss): void {
  const named = loss.kind === 'line' ? companiesNamed(loss.line) : []
  for (const companyNumber of named) doubtList(db, companyNumber)
  if (named.length > 0 || (loss.kind === 'line' && loss.timepoint === null)) return
  if (loss.kind === 'renumbered') forgetTimepoints(db)
  const until = loss.kind === 'span' ? publishedMs(loss.until ?? null) : null
  // What was published before a list was told, the list knows.
  const lists = doubtAllLists(db, until === null ? null : new Date(until + KNOWN_MS).toISOString())
  if (lists > 0) log.warn('officer events are lost: complete lists are in doubt, and to be fetched again', { lists })
}

function applyOfficer(
  { db, clock }: OfficersStreamOptions,
  event: OfficerEvent,
  origin: EventOrigin,
  changes: RowChanges,
): void {
  const { companyNumber } = event
  const list = findList(db, companyNumber)
  if (list === null) return
  const stored = findAppointment(db, companyNumber, event.appointmentId)
  const age = ageOf(event, list, stored)
  if (age === 'older') return
  if (list.state !== 'complete' && list.state !== 'stale') {
    if (event.kind === 'changed') awaitOfficers(db, companyNumber, clock.now())
    else touchList(db, companyNumber)
    return
  }
  const row = event.kind === 'changed' ? rowOf(event, stored, origin) : null
  if (stored && row && isSteady(officerDrift([stored], [row]))) return
  // A row of the list may be this appointment under another id: who is who, the list itself must say.
  const isUnknown = stored === null && hasForeignIds(db, companyNumber)
  if (isUnknown || (age === 'unsure' && (stored || row))) {
    if (list.state === 'complete') doubtList(db, companyNumber)
    return
  }
  const done = row ? put(db, row, { stored, origin }) : take(db, event, origin)
  if (done === null) return
  changes[done] += 1
  touchList(db, companyNumber)
  countList(db, companyNumber, toldAt(event, origin))
  if (event.kind === 'changed' && event.partial && stored === null) doubtList(db, companyNumber)
}

function take(db: Db, { companyNumber, appointmentId }: OfficerEvent, origin: EventOrigin): 'deleted' | null {
  return takeAppointment(db, companyNumber, appointmentId, origin) ? 'deleted' : null
}

function put(
  db: Db,
  row: OfficerRow,
  { stored, origin }: { stored: OfficerRow | null; origin: EventOrigin },
): 'inserted' | 'updated' | 'deleted' | null {
  const isStored = putAppointment(db, row, origin)
  if (stored) return isStored ? 'updated' : 'deleted'
  return isStored ? 'inserted' : null
}

/** What is to be stored of the appointment from now on. */
function rowOf(
  { companyNumber, read, partial, timepoint }: Extract<OfficerEvent, { kind: 'changed' }>,
  stored: OfficerRow | null,
  { fetchedAt, runId, source }: EventOrigin,
): OfficerRow {
  const told = officerRow(read, { companyNumber, fetchedAt, runId, source, timepoint })
  return partial && stored ? withEarly(stored, told) : told
}

const ORIGIN = ['source', 'fetched_at', 'run_id', 'stream_timepoint']
const NAME_PARTS = ['title', 'forenames', 'surname']

/** The stored row with what an event of the early shape can say of it. */
function withEarly(stored: OfficerRow, told: OfficerRow): OfficerRow {
  const columns = [...EARLY_COLUMNS, ...ORIGIN, ...(stored.name === told.name ? [] : NAME_PARTS)]
  const said = Object.entries(told).filter(([column]) => columns.includes(column))
  return { ...stored, ...Object.fromEntries(said) }
}

/** What the clocks of the API and of the streams may differ by. */
const SURE_MS = 5000
/** A list that was told so long after an event knows of it. */
const KNOWN_MS = 120_000

/**
 * Whether an event is newer than what is stored. Timepoints order the events of an appointment; an event and a list are
 * ordered by when they were published and told, both by the clock of Companies House, where that is clear.
 */
function ageOf(
  { publishedAt, timepoint }: OfficerEvent,
  { asOf }: StoredList,
  stored: OfficerRow | null,
): 'newer' | 'unsure' | 'older' {
  const writtenBy = stored?.stream_timepoint ?? null
  if (writtenBy !== null) return timepoint > writtenBy ? 'newer' : 'older'
  const published = publishedMs(publishedAt)
  if (published === null || asOf === null) return 'newer'
  const laterMs = Date.parse(asOf) - published
  if (laterMs <= SURE_MS) return 'newer'
  return laterMs > KNOWN_MS ? 'older' : 'unsure'
}
