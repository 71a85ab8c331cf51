import { hasList, readLists } from '../db/companies/lists.ts'
import type { Db } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'

/** Throws `usage` where no list of this name is kept; it names those that are. */
export function requireList(db: Db, list: string): void {
  if (hasList(db, list)) return
  const known = readLists(db).map((one) => one.list)
  throw new ChpipeError('usage', `There is no list ${list}`, {
    hint:
      known.length > 0
        ? `one of: ${known.join(', ')}`
        : 'load it first: chpipe import-companies --companies customer.csv',
  })
}
