// The suppressions that the HTTP API applies, kept between requests for as long as they stay the same.

import type { Since } from './changes.ts'
import { datasetColumns, type Page } from './dataset.ts'
import type { Db } from './open.ts'
import { prepared } from './statements.ts'
import { withoutSuppressed } from './suppressed-pages.ts'
import { rulesSince } from './suppressed-since.ts'
import { databaseKey, loadSuppressions, type Suppressions, suppressionsOf } from './suppressions.ts'

export interface ServedRules {
  suppressions: Suppressions
  /** A page without what is suppressed. */
  clean(page: Page): Page
}

const known = new WeakMap<Db, { version: string; rules: ServedRules }>()

/**
 * The rules of this moment. A long list is read anew only when it has changed: ids are never given twice, so the count
 * and the highest id tell.
 */
export function readServedRules(db: Db): ServedRules {
  const version = JSON.stringify(prepared(db, 'SELECT count(*) AS n, max(id) AS top FROM suppressions').get())
  const cached = known.get(db)
  if (cached?.version === version) return cached.rules
  const suppressions = loadSuppressions(db)
  const rules = { suppressions, clean: withoutSuppressed(suppressions, datasetColumns) }
  known.set(db, { version, rules })
  return rules
}

/** The rules alone that were added since. */
export function readRulesSince(db: Db, since: Since): ServedRules {
  const suppressions = suppressionsOf(rulesSince(db, since), databaseKey(db))
  return { suppressions, clean: withoutSuppressed(suppressions, datasetColumns) }
}
