// Officers of many companies from those of some, by SQL alone: what a file brings takes minutes for each million.
import { openDb } from '../../src/db/open.ts'
import { type ScaleSource, scaleNumber } from './scale-files.ts'

/**
 * Repeats the officer lists of the first companies for those from `from` up to `to` which have none yet. Triggers rest
 * meanwhile, so the tallies are counted at the end; nothing else may use the database. It may be killed and called again.
 */
export function repeatOfficers(path: string, source: ScaleSource, { from, to }: { from: number; to: number }): void {
  const db = openDb(path)
  const client = db.$client
  client.pragma('cache_size = -1000000')
  client.pragma('synchronous = OFF')
  client.exec('CREATE TEMP TABLE twins (template TEXT PRIMARY KEY, number TEXT NOT NULL, repetition INTEGER) STRICT')
  const triggers = client
    .prepare(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('companies', 'officers')`)
    .all() as { name: string; sql: string }[]
  const twin = client.prepare('INSERT INTO twins VALUES (?, ?, ?)')
  const copies = copiesOf(client.pragma('table_info(officers)') as { name: string }[])
  const { length } = source.templates
  for (let start = Math.floor(from / length) * length; start < to; start += length) {
    client.transaction(() => {
      client.exec('DELETE FROM temp.twins')
      for (let index = Math.max(start, from); index < Math.min(start + length, to); index += 1) {
        const template = source.templates[index % length]
        const repetition = Math.floor(index / length)
        if (template) twin.run(scaleNumber(source, template, 0), scaleNumber(source, template, repetition), repetition)
      }
      client.exec('DELETE FROM temp.twins WHERE number IN (SELECT company_number FROM officer_lists)')
      for (const { name } of triggers) client.exec(`DROP TRIGGER ${name}`)
      for (const copy of copies) client.exec(copy)
      for (const { sql } of triggers) client.exec(sql)
    })()
  }
  client.exec(TALLIES)
  client.pragma('wal_checkpoint(TRUNCATE)')
  client.close()
}

function copiesOf(columns: { name: string }[]): string[] {
  const names = columns.map(({ name }) => `"${name}"`)
  const values = columns.map(({ name }) => {
    if (name === 'company_number') return 'number'
    if (name === 'appointment_id') return `substr(appointment_id, 1, 23) || printf('%08d', repetition)`
    return `officers."${name}"`
  })
  return [
    `INSERT INTO officers (${names}) SELECT ${values} FROM temp.twins JOIN officers ON company_number = template`,
    'INSERT INTO officer_lists SELECT number, as_of, touched FROM temp.twins JOIN officer_lists ON company_number = template',
    `UPDATE companies SET (officers_state, officers_count, officers_fetched_at) =
        (old.officers_state, old.officers_count, old.officers_fetched_at)
      FROM temp.twins JOIN companies AS old ON old.company_number = template WHERE companies.company_number = twins.number`,
  ]
}

const TALLIES = `
  UPDATE tallies SET count = (SELECT count(*) FROM companies WHERE officers_state = name)
    WHERE name IN ('pending', 'complete', 'none', 'failed', 'stale');
  UPDATE tallies SET count = (SELECT sum(officers_count) FROM companies) WHERE name = 'officers'`
