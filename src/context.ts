import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type Clock, systemClock, type Timings, timings } from './clock.ts'
import type { CompaniesHouse } from './companies-house/client.ts'
import type { LockWait } from './db/lock-wait.ts'
import type { Db } from './db/open.ts'
import { ChpipeError, systemReason } from './errors.ts'
import { isWritableFolder, useTempFolder } from './files.ts'
import { createLog, type Log, logToFile, onTerminal } from './log.ts'
import { writeTo } from './print.ts'
import type { OpenAllowance, SharedAllowances } from './quota/open.ts'
import type { UseReader } from './quota/shared-use.ts'
import { decodeEnvFile, readSettings, type Settings } from './settings.ts'
import type { Provider } from './steps/purchases/provider.ts'
import { widthOf } from './text.ts'

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGUSR1'

/** The part of a process that chpipe uses; tests pass their own. */
export interface Host {
  argv: string[]
  env: Record<string, string | undefined>
  cwd(): string
  stdin: NodeJS.ReadableStream & { isTTY?: boolean }
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  on(event: StopSignal, listener: () => void): unknown
  off(event: StopSignal, listener: () => void): unknown
  exit(code: number): unknown
}

/** Options that every command takes. */
export interface Globals {
  db?: string
  json?: boolean
  quiet?: boolean
  logFormat?: 'text' | 'json'
  logFile?: string
}

/** What a command may use. Costly things are functions, so that `--help` opens no database and needs no key. */
export interface Context {
  host: Host
  settings: Settings
  /** The variables that are wrong, in a command that examines them; they count as not set. */
  faults: readonly ChpipeError[]
  timings: Timings
  clock: Clock
  /** Aborts when the operator interrupts the run. */
  signal: AbortSignal
  json: boolean
  quiet: boolean
  /** Whether a terminal may be shown colours: not when `NO_COLOR` is set to anything. */
  color: boolean
  log: Log
  /** The log goes to a file, not to stderr. */
  logsToFile: boolean
  /** Lets a spinner clear its line before a log line is written, and draw itself again after it. */
  beforeLine: { run: () => void }
  /** Writes a result to stdout, waiting while the reader is slow. Rejects when the pipe is closed. */
  print(result: string | Uint8Array): Promise<void>
  /** A path as the operator typed it, from the working directory. */
  path(text: string): string
  /** The same for a file to write. Throws `usage` when it is the database or the file of the settings. */
  destination(option: string, text: string): string
  /** The database, opened and migrated once. Throws an error of `kind` when there is none yet and it must not be created. */
  db(options?: { create?: boolean; kind?: 'no' | 'data' }): Promise<Db>
  /** The database for reading only; throws an error of `kind` when there is none yet, and creates nothing. */
  existingDb(kind?: 'no' | 'data'): Promise<Db>
  /** Opens an allowance, in the database or where the settings say that it is shared. Opens the database. */
  allowance: OpenAllowance
  /** Reads how a shared allowance stands; null where it is in the database. */
  sharedUse(): Promise<UseReader | null>
  /** The REST client; an outage may last `maxOutageMs` (default: 15 minutes) before it gives up. Opens the database. */
  companiesHouse(options?: { maxOutageMs?: number | undefined; create?: boolean }): Promise<CompaniesHouse>
  /** The providers of domains and addresses. Throws `config` without credentials. Opens the database. */
  providers(options?: { create?: boolean }): Promise<Provider[]>
  /** Throws a `data` error when a long run's database was moved away under it. */
  checkDatabase(): void
  close(): Promise<void>
}

export interface ContextOptions {
  clock?: Clock
  /** The database is waited for, however long another program holds it, and watched. */
  longRunning?: boolean
  /** Variables that are wrong are collected instead of refused. */
  examinesSettings?: boolean
}

/** Builds the context of one command run; the only place that reads the environment. */
export function createContext(
  host: Host,
  globals: Globals,
  signal: AbortSignal,
  { clock = systemClock(), longRunning = false, examinesSettings = false }: ContextOptions = {},
): Context {
  const folder = workingFolder(host)
  const envFile = folder === null ? null : join(folder, '.env')
  const env = { ...(envFile === null ? {} : readEnvFile(envFile)), ...definedOnly(host.env) }
  const faults: ChpipeError[] = []
  const settings = readSettings(env, examinesSettings ? (fault) => faults.push(fault) : undefined)
  const path = (text: string) => absolute(folder, text)
  const dbPath = path(globals.db ?? settings.db)
  const tmp = settings.tmp === undefined ? dirname(dbPath) : path(settings.tmp)
  if (isWritableFolder(tmp)) useTempFolder(tmp)
  else if (settings.tmp !== undefined) {
    if (!examinesSettings) throw noTempFolder(tmp)
    faults.push(noTempFolder(tmp))
  }
  const quiet = globals.quiet === true
  const beforeLine = { run: () => {} }
  const opened: Db[] = []
  const lost = new AbortController()
  const ends = longRunning ? AbortSignal.any([signal, lost.signal]) : signal
  let checkDatabase = () => {}
  let watch: Disposable | undefined
  const open = async (readonly: boolean) => {
    const { openDb } = await import('./db/open.ts')
    const waits = longRunning && !readonly
    const db = waits
      ? await openWaiting(dbPath, { clock, log: context.log, signal: ends })
      : openDb(dbPath, { readonly })
    opened.push(db)
    if (waits) {
      const { fileCheck, watchFile } = await import('./db/file-watch.ts')
      checkDatabase = fileCheck(db)
      watch = watchFile(checkDatabase, context.timings.databaseWatchMs, (error) => lost.abort(error))
    }
    return db
  }
  let writable: Promise<Db> | undefined
  const companiesHouse = new Map<string, Promise<CompaniesHouse>>()
  const providers = new Map<string, Promise<Provider[]>>()

  let shared: SharedAllowances | undefined
  const allowance =
    (db: () => Promise<Db>): OpenAllowance =>
    async (spec) => {
      const { localAllowances, sharedAllowances } = await import('./quota/open.ts')
      const address = settings.allowanceStore
      if (!address) return localAllowances(db, clock)(spec)
      const { maxOutageMs } = context.timings
      const options = { address, clock, log: context.log, maxOutageMs, db: await db() }
      shared ??= sharedAllowances(options)
      return shared.open(spec)
    }

  const destination = (option: string, text: string) => {
    const file = path(text)
    const own = [dbPath, `${dbPath}-wal`, `${dbPath}-shm`, `${dbPath}-names`]
    const named = own.some((one) => isSameFile(one, file)) ? 'the database itself' : null
    const what = named ?? (envFile !== null && isSameFile(envFile, file) ? 'the file of the settings' : null)
    if (what === null) return file
    throw new ChpipeError('usage', `${option} names ${what}: ${text}`, { hint: 'name another file' })
  }

  const context: Context = {
    host,
    settings: { ...settings, db: dbPath },
    faults,
    timings: timings(settings.timeScale),
    clock,
    signal: ends,
    json: globals.json === true,
    quiet,
    color: !env.NO_COLOR,
    beforeLine,
    logsToFile: globals.logFile !== undefined,
    log: createLog({
      format: globals.logFormat ?? 'text',
      quiet,
      now: clock.now,
      write: logWriter(host, globals.logFile ? destination('--log-file', globals.logFile) : undefined, beforeLine),
    }),
    print: (result) => writeTo(host.stdout, result),
    path,
    destination,
    async db({ create = true, kind = 'no' } = {}) {
      if (!create) requireFile(dbPath, kind)
      writable ??= open(false)
      return writable
    },
    async existingDb(kind = 'no') {
      requireFile(dbPath, kind)
      return open(true)
    },
    allowance: (spec) => allowance(() => context.db())(spec),
    async sharedUse() {
      const address = settings.allowanceStore
      if (!address) return null
      const { createUseReader } = await import('./quota/shared-use.ts')
      return createUseReader(address, clock)
    },
    companiesHouse: ({ maxOutageMs, create = true } = {}) => {
      const open = allowance(() => context.db({ create }))
      return once(companiesHouse, [maxOutageMs, create], async () => {
        const { connect } = await import('./companies-house/client.ts')
        return connect({ ...context, allowance: open }, maxOutageMs)
      })
    },
    providers: ({ create = true } = {}) => {
      const open = allowance(() => context.db({ create }))
      return once(providers, [create], async () => {
        const { connectProviders } = await import('./steps/purchases/providers.ts')
        return connectProviders({ ...context, allowance: open })
      })
    },
    checkDatabase: () => checkDatabase(),
    async close() {
      watch?.[Symbol.dispose]()
      await shared?.close()
      for (const db of opened) db.$client.close()
    },
  }
  if (envFile !== null && isOpenToOthers(envFile)) {
    context.log.warn('.env may be read by others on this machine', { file: envFile, try: `chmod 600 ${envFile}` })
  }
  return context
}

/** Opens the database as soon as no other program holds it; so do its writes through `whenFree`. */
async function openWaiting(path: string, wait: LockWait): Promise<Db> {
  const { openDb } = await import('./db/open.ts')
  const { LOCK_SLICE_MS, isLockError, outlast, waitForLocks } = await import('./db/lock-wait.ts')
  const attempt = () => openDb(path, { busyTimeoutMs: LOCK_SLICE_MS })
  const open = async () => {
    try {
      return attempt()
    } catch (error) {
      if (!isLockError(error)) throw error
      return outlast(wait, path, attempt)
    }
  }
  const db = await open()
  waitForLocks(db, wait)
  return db
}

/** The working directory; null when it was deleted. */
export function workingFolder(host: Host): string | null {
  try {
    return host.cwd()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return null
  }
}

function absolute(folder: string | null, text: string): string {
  if (folder !== null || isAbsolute(text)) return resolve(folder ?? '/', text)
  throw new ChpipeError('data', `The working directory no longer exists, so there is no ${text}`, {
    hint: 'change to a directory that exists, or name files with their whole path, such as --db /var/lib/chpipe/companies.db',
  })
}

function noTempFolder(folder: string): ChpipeError {
  return new ChpipeError('config', `CHPIPE_TMP names no folder that may be written: ${folder}`, {
    hint: 'create it, name another one, or unset it: then temporary files go beside the database',
  })
}

/** Also where neither is there yet, and where a link leads from one to the other. */
function isSameFile(one: string, other: string): boolean {
  if (one === other) return true
  try {
    const [a, b] = [statSync(one), statSync(other)]
    return a.ino === b.ino && a.dev === b.dev
  } catch {
    return false
  }
}

/** Whether the group or others may read or write a file; false where there is none, or no such thing as modes. */
function isOpenToOthers(file: string): boolean {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
  return process.platform !== 'win32' && (mode & 0o066) !== 0
}

/** An empty file, as `touch` leaves it, is no database yet. */
function requireFile(path: string, kind: 'no' | 'data'): void {
  if (existsSync(path) && statSync(path).size > 0) return
  throw new ChpipeError(kind, `There is no database yet: ${path}`, {
    hint: 'load companies first: chpipe import-companies BasicCompanyData.zip',
  })
}

function logWriter(host: Host, file: string | undefined, beforeLine: Context['beforeLine']): (line: string) => void {
  const tell = (line: string) => {
    beforeLine.run()
    host.stderr.write(`${host.stderr.isTTY ? onTerminal(line, widthOf(host.stderr)) : line}\n`)
  }
  return file ? logToFile(file, tell) : tell
}

function readEnvFile(file: string): Record<string, string> {
  try {
    return definedOnly(parseEnv(decodeEnvFile(readFileSync(file), file)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    if (error instanceof ChpipeError) throw error
    const { reason, hint } = systemReason(error)
    throw new ChpipeError('config', `The file .env cannot be read, as ${reason}: ${file}`, { hint, cause: error })
  }
}

function definedOnly(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** What is made once for the same options, and anew for others. */
function once<T>(made: Map<string, Promise<T>>, options: unknown[], make: () => Promise<T>): Promise<T> {
  const key = JSON.stringify(options)
  const known = made.get(key) ?? make()
  made.set(key, known)
  return known
}
