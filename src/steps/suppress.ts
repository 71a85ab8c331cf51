// Adds rules about whom to leave alone, and erases on request. A rule is added once, whatever happens in between.
import { type Db, write } from '../db/open.ts'
import { emptyLog } from '../db/suppression-erase.ts'
import { addSuppressions, type NewSuppression, type Suppression } from '../db/suppressions.ts'
import { type Erased, eraseSuppressed } from './suppress-erase.ts'

export interface Suppressed {
  suppression: Suppression
  /** False when the rule was there already. */
  isNew: boolean
  /** What was removed; null when nothing was to be. */
  erased: Erased | null
  /** Removed text may still be in the write-ahead log, because another process is reading an older state. */
  logKept: boolean
}

/** Adds one rule and, with `erase`, removes what is stored about whom it means, both or neither. `now` in milliseconds. */
export function suppress(db: Db, rule: NewSuppression, { erase, now }: { erase: boolean; now: number }): Suppressed {
  const done = write(db, (tx) => {
    const [added] = addSuppressions(tx, [rule], new Date(now).toISOString())
    if (!added) throw new Error('a rule was neither found nor added')
    return { ...added, erased: erase ? eraseSuppressed(tx, added.suppression, now) : null }
  })
  return { ...done, logKept: erase && !emptyLog(db) }
}

export interface ImportedRules {
  rows: number
  added: number
  known: number
}

/** Adds many rules, all or none. `now` in milliseconds. */
export function suppressAll(db: Db, rules: NewSuppression[], now: number): ImportedRules {
  const all = write(db, (tx) => addSuppressions(tx, rules, new Date(now).toISOString()))
  const added = all.filter(({ isNew }) => isNew).length
  return { rows: all.length, added, known: all.length - added }
}
