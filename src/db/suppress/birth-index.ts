// Finds people by name and month of birth without looking at everybody. SQL cannot compare names, but an index by month
// of birth that holds the names as well tells whose rows are worth reading. It is made when it is first needed: it costs
// whoever imports officers something, and a small database can do without.
import { sql } from 'drizzle-orm'
import { type Db, prepared, type Tx, write } from '../open.ts'
import { readTallies } from '../tallies.ts'
import { type NameRule, nameRules, surnameTest } from './names.ts'

/** Below this many officers, or persons with significant control, all of them are looked at in a moment. */
const MANY_PEOPLE = 200_000

const BORN = 'date_of_birth_year, date_of_birth_month'

/** Partial indexes: bodies have no month of birth, and most records name nobody else. */
const INDEXES: Record<string, string> = {
  officers_by_birth: `officers (${BORN}, surname, forenames) WHERE date_of_birth_year IS NOT NULL`,
  pscs_by_birth: `persons_with_significant_control (${BORN}, surname, forename, middle_name)
    WHERE date_of_birth_year IS NOT NULL`,
  pscs_by_linked_name: `persons_with_significant_control (linked_psc_name) WHERE linked_psc_name IS NOT NULL`,
}

/**
 * Makes the indexes where they are missing and worth it; `tell` is called before. It writes in a transaction of its own, for
 * which others wait.
 */
export function indexBirths(db: Db, tell: (people: number) => void, from = MANY_PEOPLE): void {
  const people = Math.max(readTallies(db).officers, Number(prepared(db, HIGHEST_PSC).pluck().get() ?? 0))
  if (people < from) return
  const known = prepared(db, `SELECT name FROM sqlite_schema WHERE type = 'index'`).pluck().all()
  const missing = Object.entries(INDEXES).filter(([name]) => !known.includes(name))
  if (missing.length === 0) return
  tell(people)
  write(db, () => {
    for (const [name, columns] of missing) db.$client.exec(`CREATE INDEX IF NOT EXISTS ${name} ON ${columns}`)
  })
}

/** About how many there are: nobody counts them, and most row ids are taken. */
const HIGHEST_PSC = 'SELECT max(rowid) FROM persons_with_significant_control'

/** Who was born in a month, as far as the index tells of them. */
const BORN_THEN = {
  officers: 'SELECT rowid AS place, surname, forenames FROM officers',
  persons_with_significant_control: `SELECT rowid AS place, surname,
    trim(coalesce(forename, '') || ' ' || coalesce(middle_name, '')) AS forenames FROM persons_with_significant_control`,
}

interface Named {
  place: number
  surname: string | null
  forenames: string | null
}

/**
 * The row ids of whoever the rule may mean, as a JSON array: by surname and forenames, and all without either, whose name as
 * filed must be asked.
 */
export function placesOfNamed(tx: Tx, table: keyof typeof BORN_THEN, rule: NameRule): string {
  const [year, month] = rule.born.split('-').map(Number)
  const [means, bearsSurname] = [nameRules([rule]), surnameTest([rule])]
  const born = { date_of_birth_year: year, date_of_birth_month: month }
  const rows = tx.all<Named>(
    sql`${sql.raw(BORN_THEN[table])} WHERE date_of_birth_year = ${year ?? 0} AND date_of_birth_month = ${month ?? 0}`,
  )
  const meant = rows.filter(
    ({ surname, forenames }) =>
      !surname || !forenames || (bearsSurname(surname) && means({ surname, forenames, ...born })),
  )
  return JSON.stringify(meant.map(({ place }) => place).sort((a, b) => a - b))
}

/** As one text: a row for each of many takes longer than to look at it. */
const LINKED_NAMES = `
  SELECT json_group_array(name) AS names FROM (
    SELECT DISTINCT linked_psc_name AS name FROM persons_with_significant_control WHERE linked_psc_name IS NOT NULL)`

/** The row ids of the records that name somebody else whom `means` says, as a JSON array. */
export function placesOfLinked(tx: Tx, means: (name: string) => boolean): string {
  const [{ names } = { names: '[]' }] = tx.all<{ names: string }>(sql.raw(LINKED_NAMES))
  const meant = (JSON.parse(names) as string[]).filter(means)
  if (meant.length === 0) return '[]'
  const rows = tx.all<{ place: number }>(
    sql`SELECT rowid AS place FROM persons_with_significant_control
      WHERE linked_psc_name IN (SELECT value FROM json_each(${JSON.stringify(meant)}))`,
  )
  return JSON.stringify(rows.map(({ place }) => place))
}
