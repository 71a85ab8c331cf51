// Rules that name a person by an officer id, for sources that tell no such ids: the person number says the same (facts 10.4).

import { eq, inArray } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { officers, suppressions } from '../schema.ts'
import { personPrefix } from '../values.ts'
import { listSuppressions, type Suppression, suppressionsOf } from './suppressions.ts'

/**
 * Lets rules by officer id go on under the person numbers that are stored with these ids, for rows without an id: so that
 * files, which have none, are under them as well. It looks at every officer when there is such a rule; belongs in a transaction. `addedAt` is
 * ISO 8601.
 */
export function followPeople(tx: Tx, rules: Suppression[], addedAt: string): void {
  const byId = new Map(
    rules.flatMap((rule) =>
      rule.kind === 'officer' && personPrefix(rule.value) === null ? [[rule.value, rule] as const] : [],
    ),
  )
  if (byId.size === 0) return
  const stored = tx
    .selectDistinct({ id: officers.officer_id, person: officers.person_number })
    .from(officers)
    .where(inArray(officers.officer_id, [...byId.keys()]))
    .all()
  const known = suppressionsOf(listSuppressions(tx), '')
  const added = new Set<string>()
  for (const { id, person } of stored) {
    const [rule, value] = [byId.get(id ?? ''), personPrefix(person)]
    if (!rule || value === null || added.has(value) || known.officer({ person_number: person })) continue
    added.add(value)
    const follows = rule.follows ?? rule.id
    const reason = `number ${follows} under the person number, for sources without officer ids`
    tx.insert(suppressions).values({ kind: 'officer', value, reason, follows, added_at: addedAt }).run()
  }
}

/** Rules that the operator adds mean everybody with the person number, also where they went on for another one before. */
export function standAlone(tx: Tx, rules: Suppression[]): void {
  for (const { id, follows, value } of rules) {
    if (follows === null || personPrefix(value) === null) continue
    tx.update(suppressions).set({ follows: null }).where(eq(suppressions.id, id)).run()
  }
}
