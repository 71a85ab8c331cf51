// Whether the database that the HTTP API serves is still the one that it opened, and can be read.
import { statSync } from 'node:fs'
import type { Db } from './open.ts'
import { prepared } from './statements.ts'

/** Changes whenever another connection has written. */
export function dataVersion(db: Db): number {
  return Number(db.$client.pragma('data_version', { simple: true }))
}

/** A check that throws when the database cannot be read, or when another file has taken its place. */
export function healthCheck(db: Db): () => void {
  const path = db.$client.name
  const opened = statSync(path)
  return () => {
    const now = statSync(path)
    if (now.ino !== opened.ino || now.dev !== opened.dev) throw new Error('another file has taken its place')
    prepared(db, 'SELECT name FROM tallies LIMIT 1').get()
    db.$client.prepare('SELECT company_number FROM companies LIMIT 1').get()
  }
}
