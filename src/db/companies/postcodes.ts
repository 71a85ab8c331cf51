// Where postcodes lie. A new directory waits in a temporary table, outside the database file, until all of it is known to be
// good; then it moves over in short transactions, and what it no longer has goes.
import { type Db, prepared, write } from '../open.ts'
import { storageGuard } from '../storage-error.ts'

/** Names; null where the directory has none. */
export interface PostcodePlace {
  /** In capitals, without spaces. */
  postcode: string
  region: string | null
  local_authority: string | null
  country: string | null
}

/** Postcodes that are not in the database yet. Disposing it drops them. */
export interface PostcodeStaging {
  add(batch: PostcodePlace[]): void
  /** Moves them over, a transaction for each step of the loop, and yields how many each step has gone through. */
  merge(): Generator<number>
  counts(): PostcodeCounts
  [Symbol.dispose](): void
}

export interface PostcodeCounts {
  staged: number
  added: number
  changed: number
  removed: number
}

const PER_CHUNK = 10_000
const TABLE = 'temp.staged_postcodes'

/** Opens an empty staging; a connection can have one at a time. */
export function openPostcodeStaging(db: Db): PostcodeStaging {
  const client = db.$client
  client.pragma('temp_store = FILE')
  client.exec(`CREATE TABLE ${TABLE} (postcode TEXT PRIMARY KEY, region, local_authority, country) WITHOUT ROWID`)
  const insert = client.prepare(`INSERT OR REPLACE INTO ${TABLE} VALUES (?, ?, ?, ?)`)
  const add = client.transaction((batch: PostcodePlace[]) => {
    for (const { postcode, region, local_authority, country } of batch) {
      insert.run(postcode, region, local_authority, country)
    }
  })
  const guarded = storageGuard(client.name)
  const count = (sql: string) => Number(client.prepare(sql).pluck().get())
  const counts: PostcodeCounts = { staged: 0, added: 0, changed: 0, removed: 0 }
  return {
    add: (batch) => guarded(() => add(batch)),
    *merge() {
      counts.staged = count(`SELECT count(*) FROM ${TABLE}`)
      const last = client
        .prepare<[string], string>(
          `SELECT postcode FROM ${TABLE} WHERE postcode > ? ORDER BY postcode LIMIT 1 OFFSET ${PER_CHUNK - 1}`,
        )
        .pluck()
      for (let after = ''; ; ) {
        const until = last.get(after) ?? null
        const within = `postcode > ?${until === null ? '' : ' AND postcode <= ?'}`
        const bounds = until === null ? [after] : [after, until]
        write(db, () => {
          counts.removed += prepared(
            db,
            `DELETE FROM main.postcodes WHERE ${within} AND postcode NOT IN (SELECT postcode FROM ${TABLE} WHERE ${within})`,
          ).run(...bounds, ...bounds).changes
          const stored = () =>
            Number(
              prepared(db, `SELECT count(*) FROM main.postcodes WHERE ${within}`)
                .pluck()
                .get(...bounds),
            )
          const left = stored()
          const { changes } = prepared(
            db,
            `INSERT INTO main.postcodes (postcode, region, local_authority, country)
             SELECT postcode, region, local_authority, country FROM ${TABLE} WHERE ${within}
             ON CONFLICT (postcode) DO UPDATE SET region = excluded.region, local_authority = excluded.local_authority,
               country = excluded.country
             WHERE region IS NOT excluded.region OR local_authority IS NOT excluded.local_authority
               OR country IS NOT excluded.country`,
          ).run(...bounds)
          const added = stored() - left
          counts.added += added
          counts.changed += changes - added
        })
        yield PER_CHUNK
        if (until === null) return
        after = until
      }
    },
    counts: () => counts,
    [Symbol.dispose]() {
      if (client.open) client.exec(`DROP TABLE IF EXISTS ${TABLE}`)
    },
  }
}

/** How many postcodes are stored. */
export function countPostcodes(db: Db): number {
  return Number(prepared(db, 'SELECT count(*) FROM postcodes').pluck().get())
}

/** Where these postcodes lie, of those that are stored. */
export function findPlaces(db: Db, postcodes: string[]): Map<string, PostcodePlace> {
  const sql = `SELECT postcode, region, local_authority, country FROM postcodes
    WHERE postcode IN (SELECT value FROM json_each(?))`
  const rows = prepared(db, sql).all(JSON.stringify(postcodes)) as PostcodePlace[]
  return new Map(rows.map((row) => [row.postcode, row]))
}
