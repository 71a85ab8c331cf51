// One moment of the database for many short reads: what begins and ends it is prepared once.
import { type Db, prepared } from '../open.ts'

/** Runs `body` on one consistent snapshot, as `snapshot` does, at less cost; `body` may not write. */
export function readAtOnce<T>(db: Db, body: () => T): T {
  if (db.$client.inTransaction) return body()
  prepared(db, 'BEGIN').run()
  try {
    return body()
  } finally {
    // Where a failure has ended the transaction already, there is nothing left to end.
    if (db.$client.inTransaction) prepared(db, 'ROLLBACK').run()
  }
}
