import type { Context } from '../../context.ts'
import type { Db } from '../../db/open.ts'
import { formatDuration } from '../../durations.ts'
import { errorMessage } from '../../errors.ts'
import type { EnrichCounts } from '../../steps/enrich/enrich-step.ts'
import { readStreamReport, type StreamReport } from '../../steps/stream-report.ts'
import { formatNumber, widthOf } from '../../text.ts'
import { createStatus } from '../status.ts'

const REDRAW_MS = 500

/** Draws how the stream stands on a terminal until it is disposed; elsewhere nothing, as the log tells what happens. */
export async function showStreamStatus(
  context: Context,
  db: Db,
  found: () => EnrichCounts | null,
): Promise<Disposable> {
  if (context.quiet || !context.host.stderr.isTTY) return { [Symbol.dispose]() {} }
  const status = await createStatus(context)
  const draw = () => {
    try {
      const report = readStreamReport(db, context.clock)
      if (report)
        status.update(statusLine(report, context.clock.now(), found()).slice(0, widthOf(context.host.stderr) - 4))
    } catch (error) {
      context.log.warn('the status cannot be read', { error: errorMessage(error) })
    }
  }
  draw()
  const timer = setInterval(draw, REDRAW_MS)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      status[Symbol.dispose]()
    },
  }
}

/** The state of the stream on one line. */
export function statusLine(report: StreamReport, now: number, found: EnrichCounts | null): string {
  const { connected_since, last_event_at, events_per_minute, silent, rejects } = report
  const quiet = last_event_at === null ? null : formatDuration(now - Date.parse(last_event_at))
  const parts = [
    connected_since === null ? 'connecting' : silent ? 'SILENT' : 'following',
    `${formatNumber(events_per_minute)} events/min`,
    quiet === null ? 'no event yet' : `last ${quiet} ago`,
  ]
  if (found) parts.push(`${formatNumber(found.domains)} domains`, `${formatNumber(found.emails)} e-mails`)
  if (rejects > 0) parts.push(`${formatNumber(rejects)} rejects`)
  return parts.join('  ')
}
