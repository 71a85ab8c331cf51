// Who controls the companies, for the report.
import type { Page } from '../../../db/dataset/columns.ts'
import { natureInWords } from '../../../db/natures.ts'
import type { PscCoverage } from '../../../db/pscs/coverage.ts'
import { formatNumber } from '../../../text.ts'
import { bars, share } from './charts.ts'
import { html, type Markup } from './html.ts'
import { type Count, cellReader, createTally, NOT_GIVEN, textOf } from './tally.ts'

export interface PscCounts {
  /** Companies by whether their persons with significant control were read, and found. */
  states: Count[]
  /** Records by what they are, ceased ones included. */
  kinds: Count[]
  /** Persons and bodies that have not ceased. */
  current: number
  ceased: number
  /** How the current ones control their companies; one counts once in each of its natures. */
  natures: Count[]
  /** How the identities of current individuals stand. */
  verifications: Count[]
  /** What companies state in place of a person, where it stands. */
  statements: Count[]
}

const STATEMENT = 'persons-with-significant-control-statement'
const EXEMPTIONS = 'exemptions'
const INDIVIDUAL = /^individual-/

/** Counts the persons with significant control of pages. */
export function createPscCounter(): { add(page: Page): void; counts(): PscCounts } {
  const [cell, company] = [cellReader('persons_with_significant_control'), cellReader('companies')]
  const [states, kinds, natures] = [createTally(), createTally(), createTally()]
  const [verifications, statements] = [createTally(), createTally()]
  const sums = { current: 0, ceased: 0 }
  return {
    add({ companies, persons_with_significant_control: pscs }) {
      for (const row of companies) states.add(textOf(company(row, 'pscs_state')) ?? NOT_GIVEN)
      for (const row of pscs) {
        const text = (name: string) => textOf(cell(row, name))
        const kind = text('kind') ?? NOT_GIVEN
        const isCurrent = text('ceased_on') === null && text('ceased') !== '1'
        kinds.add(kind)
        if (kind === STATEMENT && isCurrent) statements.add(text('statement') ?? NOT_GIVEN)
        if (kind === STATEMENT || kind === EXEMPTIONS) continue
        sums[isCurrent ? 'current' : 'ceased'] += 1
        if (!isCurrent) continue
        for (const code of (text('natures_of_control') ?? '').split(',').filter(Boolean)) natures.add(code)
        if (INDIVIDUAL.test(kind)) verifications.add(text('identity_verification') ?? NOT_GIVEN)
      }
    },
    counts: () => ({
      ...sums,
      states: states.entries(),
      kinds: kinds.entries(),
      natures: natures.entries(),
      verifications: verifications.entries(),
      statements: statements.entries(),
    }),
  }
}

const KINDS: Record<string, string> = {
  'individual-person-with-significant-control': 'Individual',
  'corporate-entity-person-with-significant-control': 'Corporate entity',
  'legal-person-person-with-significant-control': 'Legal person',
  'super-secure-person-with-significant-control': 'Withheld by law',
  'individual-beneficial-owner': 'Beneficial owner, individual',
  'corporate-entity-beneficial-owner': 'Beneficial owner, corporate entity',
  'legal-person-beneficial-owner': 'Beneficial owner, legal person',
  'super-secure-beneficial-owner': 'Beneficial owner, withheld by law',
  'persons-with-significant-control-statement': 'Statement of the company',
  exemptions: 'Exemption',
}

const STATES: Record<string, string> = {
  complete: 'Read, with a record',
  none: 'Read, none recorded',
  pending: 'Not read yet',
  stale: 'In doubt: the stream has lost events',
}

const VERIFICATIONS: Record<string, string> = {
  verified: 'Verified for the role',
  due: 'Due',
  overdue: 'Overdue',
  ended: 'Ended',
  none: 'Nothing published',
}

const STATEMENTS: Record<string, string> = {
  'no-individual-or-entity-with-signficant-control': 'There is nobody to record',
  'psc-exists-but-not-identified': 'There is somebody, not identified yet',
  'psc-details-not-confirmed': 'There is somebody, details not confirmed',
  'steps-to-find-psc-not-yet-completed': 'Still finding out',
  'psc-contacted-but-no-response': 'Somebody was asked and has not answered',
  'psc-has-failed-to-confirm-changed-details': 'Somebody has not confirmed a change',
  'restrictions-notice-issued-to-psc': 'A restrictions notice was issued',
  'awaiting-confirmation-from-psc': 'Waiting for a confirmation',
  'all-beneficial-owners-identified': 'All beneficial owners are identified',
  'no-beneficial-owner-identified': 'No beneficial owner is identified',
}

function inWords(entries: Count[], words: Record<string, string>): Count[] {
  return entries.map(({ name, count }) => ({
    name: (Object.hasOwn(words, name) ? words[name] : undefined) ?? name,
    count,
  }))
}

/** The section about persons with significant control; null where the files do not hold them. */
export function pscFigures({ counts, tables }: PscSource): Markup | null {
  if (!tables.includes('persons_with_significant_control')) return null
  const { states, kinds, current, ceased, natures, verifications, statements } = counts.pscs
  const all = counts.rows.persons_with_significant_control
  const list = (caption: string, head: string, entries: Count[], whole: number) =>
    entries.length === 0 ? null : bars({ caption, heads: ['What', head], entries, whole })
  const individuals = verifications.reduce((sum, { count }) => sum + count, 0)
  const stated = statements.reduce((sum, { count }) => sum + count, 0)
  return html`<section id="pscs"><h2>Persons with significant control</h2>
<p>${formatNumber(current)} of ${formatNumber(current + ceased)} persons and bodies control a company now (${share(current, current + ceased)}); the others have ceased to and are kept for the record. A statement that there is nobody is a record as well; a company without any record is counted apart.</p>
<div class="pair"><div>${list('Records by kind', 'Records', inWords(kinds, KINDS), all)}</div>
<div>${list('Companies by what was read', 'Companies', inWords(states, STATES), counts.rows.companies)}</div>
<div>${list('Identity verification of current individuals', 'Persons', inWords(verifications, VERIFICATIONS), individuals)}</div>
<div>${list('Statements that stand', 'Statements', inWords(statements, STATEMENTS), stated)}</div></div>
${list('Natures of control', 'Persons', namedNatures(natures), current)}
<p class="note">Who controls a company in several ways counts in each of them, so the shares add up to more than 100%. Verification is as it stood when this was made.</p></section>
`
}

interface PscSource {
  counts: { pscs: PscCounts; rows: { companies: number; persons_with_significant_control: number } }
  tables: readonly string[]
}

const MOST_NATURES = 12

/** The most frequent natures in words; codes for another kind of entity may read alike, and count together. */
function namedNatures(natures: Count[]): Count[] {
  const byWords = new Map<string, number>()
  for (const { name, count } of natures) {
    const words = natureInWords(name)
    byWords.set(words, (byWords.get(words) ?? 0) + count)
  }
  const sorted = [...byWords].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count)
  return sorted.slice(0, MOST_NATURES)
}

/** Of which days the persons with significant control are, in a sentence, where these tables hold them. */
export function pscDates(tables: readonly string[], { snapshotOn, followedSince, unseen }: PscCoverage): string[] {
  if (snapshotOn === null || !tables.includes('persons_with_significant_control')) return []
  const which = `Persons with significant control are as the register's snapshot of ${snapshotOn} has them`
  if (followedSince === null) return [`${which}.`]
  const gap = unseen === null ? '' : ` from ${unseen.until} on; what changed in between is not in them`
  return [`${which}, with what its live stream has told since${gap}. Statements and exemptions are as in the snapshot.`]
}
