// Lines of the officers stream that could not be applied are kept as they came: what they tell of somebody who wants to be
// forgotten is emptied, also where nothing else of the person is stored.
import { appointmentsNamed, itemIn } from '../../companies-house/stream/officers.ts'
import type { Tx } from '../../db/open.ts'
import { emptyReject, listKeptLines } from '../../db/suppress/erase.ts'
import type { Suppressions } from '../../db/suppress/suppressions.ts'
import { officerRow } from '../officers/rows.ts'

/** Empties the kept lines of the officers stream whose officer the rule means; returns how many. */
export function eraseRejects(tx: Tx, rule: Suppressions): number {
  if (!rule.people) return 0
  const meant = listKeptLines(tx, 'officers').filter(({ line }) => tellsOf(rule, line))
  for (const { id } of meant) emptyReject(tx, id)
  return meant.length
}

function tellsOf(rule: Suppressions, line: string): boolean {
  const [{ companyNumber = '' } = {}] = appointmentsNamed(line)
  const read = itemIn(line)
  return read !== null && rule.officer(officerRow(read, { companyNumber, fetchedAt: '', runId: 0 }))
}
