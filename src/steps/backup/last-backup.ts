import type { Clock } from '../../clock.ts'
import type { Db } from '../../db/open.ts'
import { findLastFinished } from '../../db/runs.ts'

/** A backup that is older than this is too old to rely on. */
const FRESH_BACKUP_MS = 86_400_000

export interface LastBackup {
  path: string
  finishedAt: number
  ageMs: number
  /** Younger than a day. */
  fresh: boolean
}

/** The newest backup that was made of this database, wherever it went; null when none is recorded. */
export function readLastBackup(db: Db, clock: Clock): LastBackup | null {
  const last = findLastFinished(db, 'backup')
  if (!last) return null
  const { path = '' } = JSON.parse(last.summary) as { path?: string }
  const ageMs = Math.max(0, clock.now() - last.finishedAt)
  return { path, finishedAt: last.finishedAt, ageMs, fresh: ageMs < FRESH_BACKUP_MS }
}
