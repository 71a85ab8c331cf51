// Writes what all migrations together leave behind as one file, from which a new database is made in a tenth of the
// time. Runs after each `npm run db:generate`.
import { readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'

const { entries } = JSON.parse(readFileSync('drizzle/meta/_journal.json', 'utf8'))
const statements = entries.flatMap(({ tag }) =>
  readFileSync(`drizzle/${tag}.sql`, 'utf8').split('--> statement-breakpoint'),
)
const db = new Database(':memory:')
for (const name of ['natures_in_words', 'hmac_sha256']) db.function(name, { varargs: true }, () => null)
for (const sql of statements) db.exec(sql)

const schema = (types) =>
  db
    .prepare(
      `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND type IN (${types}) ORDER BY rowid`,
    )
    .pluck()
    .all()
// Those that come from a SELECT are of stored rows, and a new database has none.
const rows = statements
  .map((sql) => sql.trim().replace(/;$/, ''))
  .filter((sql) => /^INSERT INTO [^;]* VALUES/s.test(sql))
const whole = [...schema("'table'"), ...rows, ...schema("'index', 'trigger'")]
writeFileSync('drizzle/whole.sql', `${whole.join(';\n--> statement-breakpoint\n')};\n`)
