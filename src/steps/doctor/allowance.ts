// Where the doctor's own calls are counted, and whether a shared allowance is within reach.
import { type Db, openDb } from '../../db/open.ts'
import type { Log } from '../../log.ts'
import { localAllowances, type OpenAllowance, sharedAllowances } from '../../quota/open.ts'
import type { StoreReport } from '../../quota/report.ts'
import { type Check, type DoctorOptions, type DoctorStep, fail, ok, warn } from './check.ts'

/** What is found is told by the checks. */
export const SILENT: Log = { info() {}, warn() {}, error() {} }

/** Whether the PostgreSQL that keeps the allowance can be reached, who uses it, and who could read what is sent. */
export function checkAllowanceStore({ postgres, away, encrypted, users }: StoreReport): Check {
  const name = 'store'
  if (away !== null)
    return fail(
      name,
      away,
      'check the server and the network; until it is back, imports wait and a stream lives on its reserve',
    )
  const found = users.map(({ host, pid }) => `${host} (process ${pid})`).join(', ')
  const message = `shared at ${postgres}; used by ${found || 'nobody now'}`
  if (encrypted || /^(?:localhost|127\.|\[::1\]|\/)/.test(postgres)) return ok(name, message)
  return warn(name, `${message}; not encrypted`, 'add ?sslmode=verify-full to CHPIPE_ALLOWANCE_URL')
}

/** Runs a check with an allowance that counts its calls; where that cannot be used, a call outside the books does no harm. */
export async function openForDoctor(
  options: DoctorOptions,
  usable: boolean,
  body: (step: DoctorStep) => Promise<Check>,
): Promise<Check> {
  const { settings, clock, timings } = options
  const opened: Db[] = []
  const inMemory: OpenAllowance = (spec) => {
    const db = openDb(':memory:')
    opened.push(db)
    return localAllowances(async () => db, clock)(spec)
  }
  const address = settings.allowanceStore
  const shared =
    address && sharedAllowances({ address, clock, log: SILENT, maxOutageMs: timings.requestTimeoutMs, db: null })
  const own = usable && !shared ? openQuietly(settings.db) : null
  if (own) opened.push(own)
  const first = shared?.open ?? (own ? localAllowances(async () => own, clock) : inMemory)
  try {
    return await body({ ...options, allowance: (spec) => first(spec).catch(() => inMemory(spec)) })
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code ?? '').startsWith('SQLITE_')) throw error
    return await body({ ...options, allowance: inMemory })
  } finally {
    await shared?.close()
    for (const db of opened) db.$client.close()
  }
}

function openQuietly(path: string): Db | null {
  try {
    return openDb(path, { migrate: false })
  } catch {
    return null
  }
}
