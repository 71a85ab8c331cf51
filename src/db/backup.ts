// Checks a database file in a process of its own: SQLite's check of a large file takes minutes that nothing can
// interrupt, and a process can be ended.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { ChpipeError } from '../errors.ts'
import { type Db, schemaVersion } from './open.ts'
import { sqliteError } from './storage-error.ts'

export interface FileCheck {
  /** What is wrong, in SQLite's words; empty for a sound file. */
  problems: string[]
  /** Rows by table; empty after a `quick` check. */
  rows: Record<string, number>
}

export interface FileCheckOptions {
  /**
   * `whole` also compares indexes with their tables, follows foreign keys and counts rows. It opens the file for writing,
   * so that no `-wal` stays beside it. `quick` only reads, and may be run beside other processes.
   */
  scope: 'whole' | 'quick'
  signal: AbortSignal
}

/** The child looks for no module of its own: it is told where the driver is. */
const DRIVER = createRequire(import.meta.url).resolve('better-sqlite3')

const MOST_PROBLEMS = 20
const LONGEST_ANSWER = 1_000_000

/** Ctrl-C reaches the whole group of processes; what it means is for the one that asked to say. */
const PROGRAM = `
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
const [, driver, file, scope] = process.argv
const answer = { problems: [], rows: {} }
const problem = (text) => { if (answer.problems.length < ${MOST_PROBLEMS}) answer.problems.push(String(text)) }
try {
  const whole = scope === 'whole'
  const db = new (require(driver))(file, { readonly: !whole, fileMustExist: true, timeout: 15000 })
  const check = whole ? 'integrity_check' : 'quick_check'
  for (const row of db.pragma(check + '(${MOST_PROBLEMS})')) if (row[check] !== 'ok') problem(row[check])
  if (whole) {
    for (const { table, parent } of db.prepare('PRAGMA foreign_key_check').iterate())
      problem('a row of ' + table + ' belongs to a row of ' + parent + ' that is missing')
    const tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    for (const name of db.prepare(tables).pluck().all())
      answer.rows[name] = db.prepare('SELECT count(*) FROM "' + name.replaceAll('"', '""') + '"').pluck().get()
  }
  db.close()
} catch (error) {
  answer.error = { code: error.code, message: error.message }
}
process.stdout.write(JSON.stringify(answer))
`

/** Checks the file. Throws a `data` error when it cannot be opened or read, and the signal's reason. */
export async function checkFile(file: string, { scope, signal }: FileCheckOptions): Promise<FileCheck> {
  signal.throwIfAborted()
  const child = spawn(process.execPath, ['-e', PROGRAM, DRIVER, file, scope], {
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const end = () => child.kill('SIGKILL')
  signal.addEventListener('abort', end, { once: true })
  try {
    const text = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        if (said.length < LONGEST_ANSWER) said += chunk
      })
      child.on('error', reject)
      child.on('close', () => resolve(said))
    })
    signal.throwIfAborted()
    return readAnswer(text, file)
  } finally {
    signal.removeEventListener('abort', end)
  }
}

function readAnswer(text: string, file: string): FileCheck {
  if (text === '')
    throw new ChpipeError('data', `The check of the file was killed: ${file}`, {
      hint: 'check whether memory ran out, then run the command again',
    })
  const { problems, rows, error } = JSON.parse(text) as FileCheck & { error?: { code?: string; message: string } }
  if (error) throw sqliteError(Object.assign(new Error(error.message), { code: error.code }), file)
  return { problems, rows }
}

// The online copy of a database. SQLite starts a copy anew whenever another process writes between two of its steps, so
// that beside a busy stream it never ends; a read transaction held from the first step to the last keeps it on one
// snapshot. Writers continue meanwhile: only the write-ahead log cannot be taken back behind the snapshot.

/** A megabyte: some milliseconds, after which signals and timers have their turn. */
const PAGES_PER_STEP = 256

/** The database as it is at one moment. */
export interface SnapshotCopy {
  /** The size of the copy. */
  bytes: number
  schemaVersion: number
  /**
   * Copies it into the empty file `path`. Throws the signal's reason, or a `data` error such as for a full disk; then the
   * file holds rubbish.
   */
  copyTo(path: string, options: { signal: AbortSignal; onProgress(share: number): void }): Promise<void>
  /** Ends the snapshot. */
  [Symbol.dispose](): void
}

/** Takes the snapshot; the connection serves nothing else until it is disposed. */
export function openSnapshotCopy(db: Db): SnapshotCopy {
  const { $client: client } = db
  client.exec('BEGIN')
  const read = (name: string) => Number(client.pragma(name, { simple: true }))
  return {
    bytes: read('page_count') * read('page_size'),
    schemaVersion: schemaVersion(db),
    async copyTo(path, { signal, onProgress }) {
      try {
        await client.backup(path, {
          progress({ totalPages, remainingPages }) {
            signal.throwIfAborted()
            onProgress(totalPages === 0 ? 0 : 1 - remainingPages / totalPages)
            return PAGES_PER_STEP
          },
        })
      } catch (error) {
        signal.throwIfAborted()
        throw sqliteError(error, path)
      }
      signal.throwIfAborted()
    },
    [Symbol.dispose]() {
      if (client.open && client.inTransaction) client.exec('ROLLBACK')
    },
  }
}
