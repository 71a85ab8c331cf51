// Which statuses and types the companies of a served database have, found in windows of bounded work.
import { type Db, prepared } from '../open.ts'
import { AFTER_ALL, windowEnd } from './companies.ts'

export interface VocabularyStep {
  status: string[]
  type: string[]
  /** The number behind which to go on; null at the end. */
  reached: string | null
}

/** The different statuses and types of some companies behind a number. */
export function readVocabulary(db: Db, after: string): VocabularyStep {
  const end = prepared(db, windowEnd('true')).pluck().get(after) as string | undefined
  const rows = prepared(
    db,
    'SELECT DISTINCT company_status AS status, type FROM companies WHERE company_number > ? AND company_number <= ?',
  ).all(after, end ?? AFTER_ALL) as { status: string | null; type: string | null }[]
  const values = (name: 'status' | 'type') => rows.flatMap((row) => row[name] ?? [])
  return { status: values('status'), type: values('type'), reached: end ?? null }
}
