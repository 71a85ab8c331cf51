import { expect, it } from 'vitest'
import { type Note, saveNotes } from '../../../src/db/officers/fetches.ts'
import { openDb } from '../../../src/db/open.ts'
import { notes } from '../../../src/db/schema.ts'

it('notes keep what is odd about the newest list, however often it is fetched', () => {
  const db = openDb(':memory:')
  const odd = (companyNumber: string, detail: string): Note => ({ kind: 'odd-officer-item', companyNumber, detail })
  saveNotes(db, [odd('1', 'a'), odd('1', 'b'), odd('2', 'c')], { notedAt: 1000, runId: 1 })
  saveNotes(db, [odd('1', 'd'), odd('1', 'e')], { notedAt: 2000, runId: 1 })
  expect(
    db
      .select()
      .from(notes)
      .all()
      .map(({ company_number, detail }) => `${company_number}${detail}`),
  ).toEqual(['2c', '1d', '1e'])
})
