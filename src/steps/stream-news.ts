// What of the stream is worth a line in the log: companies to enrich, lost timepoints, lines that could not be applied.
import type { Log } from '../log.ts'
import type { Entry, Match } from './stream-apply.ts'
import { NEW } from './stream-rules.ts'

/** A stream gone mad shall not fill the disk with its log: so many troubles of a batch are told one by one. */
const MAX_TROUBLES = 10
const MAX_NAME = 60

export interface StreamNews {
  /** An event brought a company to enrich; it is told once its transaction is through. */
  matched(match: Match): void
  applied(entries: Entry[]): void
}

/** Tells the log of what was applied, a line for each thing worth knowing; nothing for ordinary changes. */
export function tellStreamNews(log: Log, stream: string): StreamNews {
  const matches = new Map<string, Match>()
  return {
    matched(match) {
      matches.set(match.company.company_number, match)
    },
    applied(entries) {
      for (const entry of entries) {
        if (entry.kind !== 'changed') continue
        const match = matches.get(entry.company.company_number)
        if (!match) continue
        matches.delete(entry.company.company_number)
        tellMatch(log, match, entry.timepoint)
      }
      matches.clear()
      tellTroubles(log, stream, entries)
    },
  }
}

/** A line about a company that is to be enriched; `timepoint` is null where no event told of it. */
export function tellMatch(log: Log, { company, cause }: Match, timepoint: number | null): void {
  log.info(cause === NEW ? 'new company' : 'company to enrich', {
    company: company.company_number,
    timepoint,
    ...(cause === NEW ? {} : { cause }),
    name: (company.company_name ?? '').slice(0, MAX_NAME),
  })
}

function tellTroubles(log: Log, stream: string, entries: Entry[]): void {
  const troubles = entries.filter(({ kind }) => kind === 'jump' || kind === 'misplaced' || kind === 'rejected')
  for (const trouble of troubles.slice(0, MAX_TROUBLES)) {
    if (trouble.kind === 'jump') {
      log.warn('timepoints were skipped', { stream, from: trouble.from, to: trouble.to })
    } else if (trouble.kind === 'misplaced') {
      const { from: after, to: timepoint } = trouble
      log.warn('a timepoint does not follow the one before it, the event is applied all the same', {
        stream,
        after,
        timepoint,
      })
    } else if (trouble.kind === 'rejected') {
      const { timepoint, after, reason, line } = trouble
      log.warn('line rejected and kept', { stream, timepoint, after, reason, characters: line.length })
    }
  }
  const more = troubles.length - MAX_TROUBLES
  if (more > 0) log.warn('more lines were rejected or timepoints skipped', { stream, more })
}
