// Members of a profile that cannot be right: their columns stay empty, and a note says what came.
import { type Note, saveNotes } from '../officers/fetches.ts'
import type { Tx } from '../open.ts'

/** A member by its path, with its value as it came, as JSON. */
export interface OddProfileMember {
  member: string
  value: string
}

/** Notes them, instead of what was odd about earlier profiles of the company; belongs in a transaction. */
export function saveOddMembers(
  tx: Tx,
  companyNumber: string,
  odd: readonly OddProfileMember[],
  { fetchedAt, runId }: { fetchedAt: string; runId: number },
): void {
  const notes = odd.map((one): Note => ({ kind: 'odd-profile-member', companyNumber, detail: JSON.stringify(one) }))
  saveNotes(tx, notes, { notedAt: Date.parse(fetchedAt), runId })
}
