// Is this machine ready? Every check stands on its own: what one finds, or how it fails, hides no other. Writes nothing
// but the permits of its calls.
import type { Db } from '../../db/open.ts'
import { sqliteError } from '../../db/storage-error.ts'
import { findCompanyWithOfficers } from '../../db/tallies.ts'
import { tempFolder } from '../../files.ts'
import { type AllowanceUse, localUse } from '../../quota/report.ts'
import { createUseReader } from '../../quota/shared-use.ts'
import { readSettings } from '../../settings.ts'
import { readLastBackup } from '../backup/backup.ts'
import { STREAM_NAMES } from '../stream/kinds.ts'
import { readStreamReports } from '../stream/report.ts'
import { checkAllowanceStore, openForDoctor } from './allowance.ts'
import { type Check, type DoctorOptions, type DoctorStep, fail, guarded } from './check.ts'
import { checkBackup, checkIntegrity, type ExaminedDatabase, examineDatabase } from './database.ts'
import {
  checkAddresses,
  checkDisk,
  checkEnvironment,
  checkNode,
  checkPermissions,
  checkProxy,
  checkSettings,
  checkSqlite,
  checkTemporary,
} from './machine.ts'
import { checkClock, checkRestKey, checkStreamKey, listen, PROVIDER_CHECKS } from './services.ts'
import * as state from './state.ts'
import { checkTargets } from './target.ts'

/** How long the check of the database file may hold back its write-ahead log. */
const INTEGRITY_LIMIT_MS = 30_000
/** For checks that only read files and rows. */
const LOCAL_LIMIT_MS = 20_000

/** Runs all checks and resolves with their results in a fixed order. Rejects only with the signal's reason. */
export async function runDoctor(options: DoctorOptions): Promise<Check[]> {
  const { settings, signal, cwd, nodeNeeded } = options
  const local = (check: string, body: () => Check) => guarded(check, { limitMs: LOCAL_LIMIT_MS, signal }, body)
  const sqlite = await local('sqlite', checkSqlite)
  const first = [await local('node', () => checkNode(process.version, nodeNeeded)), sqlite]
  if (sqlite.state === 'fail') return first
  let examined: ExaminedDatabase | undefined
  const database = await local('database', () => {
    examined = examineDatabase(settings.db)
    return examined.check
  })
  const db = examined?.db ?? null
  try {
    const [integrity, services, use, targets] = await Promise.all([
      examined?.exists ? checkSoundness(options, db).then((check) => [check]) : [],
      checkServices(options, db),
      readUse(options),
      checkTargets(options, db),
    ])
    const store = use?.store ? [checkAllowanceStore(use.store)] : []
    return [
      ...first,
      database,
      ...integrity,
      await local('disk', () => checkDisk(settings.db)),
      await local('temporary', () => checkTemporary(tempFolder())),
      await local('settings', () => checkSettings(options.faults)),
      await local('permissions', () => checkPermissions(settings, cwd)),
      await local('environment', () => checkEnvironment(options.env, cwd)),
      ...services,
      ...store,
      ...targets,
      await local('proxy', () => checkProxy(settings)),
      await local('addresses', () => checkAddresses(settings, readSettings({}))),
      ...(db ? await checkState(options, db, use) : []),
    ]
  } finally {
    db?.$client.close()
  }
}

function checkSoundness({ settings, clock, signal }: DoctorOptions, db: Db | null): Promise<Check> {
  const limitMs = INTEGRITY_LIMIT_MS
  const backedUp = attempted(() => db !== null && readLastBackup(db, clock)?.fresh === true) ?? false
  return guarded('integrity', { limitMs: limitMs + LOCAL_LIMIT_MS, signal }, (own) =>
    checkIntegrity(settings.db, { limitMs, signal: own, backedUp }),
  )
}

/** The keys that can be tried, as their checks are called. */
export type TriedKey = 'rest-key' | 'stream-key' | 'snov'

/** Tries the keys of one service, as they stand in the settings, with a free call (Snov: two), and says how that went. */
export async function tryKey(key: TriedKey, options: DoctorOptions): Promise<Check> {
  const { db } = attempted(() => examineDatabase(options.settings.db)) ?? { db: null }
  try {
    const checks = await checkServices(options, db, (name) => name === key)
    return checks.find(({ check }) => check === key) ?? fail(key, 'it cannot be tried', 'chpipe doctor')
  } finally {
    db?.$client.close()
  }
}

/** All keys at once, or those that are chosen: the stream's may take half a minute. */
async function checkServices(options: DoctorOptions, db: Db | null, chosen = (_key: string) => true): Promise<Check[]> {
  const { clock, signal, timings, offline } = options
  const rest = listen(clock)
  const paid = PROVIDER_CHECKS.map((one) => ({ ...one, answers: listen(clock) }))
  const reports = db ? attempted(() => readStreamReports(db, clock)) : null
  const followedBy = reports?.find(({ running }) => running)?.pid ?? null
  const limitMs = timings.requestTimeoutMs
  const companyNumber = db ? attempted(() => findCompanyWithOfficers(db)) : null
  const counted = (check: string, body: (step: DoctorStep, signal: AbortSignal) => Promise<Check>) =>
    guarded(check, { limitMs: 2 * limitMs, signal }, (own) =>
      openForDoctor(options, db !== null, (step) => body(step, own)),
    )
  const checks = await Promise.all([
    chosen('rest-key') &&
      counted('rest-key', (step, own) =>
        checkRestKey(step, rest, { companyNumber, signal: AbortSignal.any([own, AbortSignal.timeout(limitMs)]) }),
      ),
    chosen('stream-key') &&
      guarded('stream-key', { limitMs: 2 * timings.streamHeadersMs, signal }, (own) =>
        checkStreamKey(options, { name: STREAM_NAMES[0], followedBy }, own),
      ),
    ...paid.map(
      ({ name, check, answers }) =>
        chosen(name) &&
        counted(name, (step, own) => check(step, answers, AbortSignal.any([own, AbortSignal.timeout(limitMs)]))),
    ),
  ])
  return [
    ...checks.filter((check) => check !== false),
    checkClock(
      [rest, ...paid.map(({ answers }) => answers)].flatMap(({ aheadMs }) => aheadMs),
      offline,
    ),
  ]
}

/** How a shared allowance stands; null where it is in the database. */
async function readUse({ settings, clock }: DoctorOptions): Promise<AllowanceUse | null> {
  return settings.allowanceStore ? createUseReader(settings.allowanceStore, clock).read() : null
}

async function checkState(
  { settings, clock, signal, live }: DoctorOptions,
  db: Db,
  use: AllowanceUse | null,
): Promise<Check[]> {
  const bodies: state.StateCheck[] = [
    ['backup', () => checkBackup(db, clock)],
    ['allowance', () => state.checkAllowance(use ?? localUse(db, clock), settings.quota)],
    ['processes', () => state.checkProcesses(db, clock)],
    ...state.streamChecks(db, clock, live),
    ['gaps', () => state.checkGaps(db, clock)],
    ['rejects', () => state.checkRejects(db, clock)],
    ['pscs', () => state.checkPscs(db)],
    ['jobs', () => state.checkJobs(db)],
    ['purchases', () => state.checkPurchases(db)],
    ['credits', () => state.checkCredits(db, clock, settings.creditBudget)],
  ]
  const about = (body: () => Check | null) => () => {
    try {
      return body()
    } catch (error) {
      throw sqliteError(error, settings.db)
    }
  }
  const checks = await Promise.all(
    bodies.map(([check, body]) => guarded(check, { limitMs: LOCAL_LIMIT_MS, signal }, about(body))),
  )
  return checks.filter((check) => check !== null)
}

/** What a check of its own reports when it fails; here it only means that nothing is known. */
function attempted<T>(body: () => T): T | null {
  try {
    return body()
  } catch {
    return null
  }
}
