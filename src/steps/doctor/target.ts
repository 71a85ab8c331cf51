// Where `publish` writes: whether it can be reached and written to, who could read what is sent, and how far behind it is.
import { DAY_MS, formatDuration } from '../../clock.ts'
import { cappedText } from '../../db/capped-count.ts'
import type { Db } from '../../db/open.ts'
import { type PublishedSchema, readTargetStanding, type TargetStanding } from '../publish/standing.ts'
import { isTargetNamed, leavesThisMachine, type PublishTarget, publishTarget } from '../publish/target.ts'
import { SILENT } from './allowance.ts'
import { type Check, type DoctorOptions, fail, guarded, ok, warn } from './check.ts'

const NAME = 'publish'
/** Where `publish` writes unless it is told otherwise. */
const USUAL_SCHEMA = 'chpipe'

/** The check of the target, where one is named; it changes nothing there. */
export async function checkTargets(options: DoctorOptions, db: Db | null): Promise<Check[]> {
  const { settings, clock, timings, signal } = options
  if (!isTargetNamed(settings)) return []
  const limitMs = timings.connectTimeoutMs + ANSWERS_MS
  const check = await guarded(NAME, { limitMs, signal }, async (own) => {
    const target = publishTarget(settings)
    const world = { target, clock, timings, signal: own, log: SILENT }
    return checkTarget(target, await readTargetStanding(db, world, USUAL_SCHEMA))
  })
  // The variables of libpq may be there for other programs.
  return [check.state === 'fail' && settings.postgres === null ? { ...check, state: 'warn' } : check]
}

/** What may go by after the connection stands. */
const ANSWERS_MS = 10_000

/** What a standing means. */
export function checkTarget(target: PublishTarget, standing: TargetStanding): Check {
  const { address, variable } = target
  const { readOnly, mayWrite, published, refusal } = standing
  const at = address.shown
  if (readOnly) return fail(NAME, `${at} is read-only, as a replica is`, `name the primary in ${variable}`)
  const refused = published?.find((one) => one.refusal)?.refusal ?? refusal
  if (refused) return fail(NAME, `${at}: ${refused.message}`, refused.hint ?? 'see the message')
  if (!mayWrite) {
    const hint = 'GRANT CREATE, TEMPORARY ON DATABASE, or name the user that published; see deploy/postgres.md'
    return fail(NAME, `${at}: the user may not publish there`, hint)
  }
  const message = `${at}; ${publishedTexts(published)}`
  const exposed = exposure(target, standing)
  if (exposed) return warn(NAME, `${message}; ${exposed}`, `add ?sslmode=verify-full to ${variable}`)
  if (published?.some(isLeftBehind)) return warn(NAME, message, 'chpipe publish, or start chpipe-publish.service')
  return ok(NAME, message)
}

function exposure({ address }: PublishTarget, { encrypted }: TargetStanding): string | null {
  if (!leavesThisMachine(address)) return null
  if (!encrypted) return 'not encrypted'
  return address.tls.mode === 'verify-full' ? null : 'encrypted, but the server is not verified'
}

function publishedTexts(published: PublishedSchema[] | null): string {
  if (published === null) return 'there is no database to compare it with'
  return published.map(publishedText).join('; ') || 'nothing of this database is published yet'
}

function publishedText({ schema, publishedMsAgo, changed }: PublishedSchema): string {
  return `schema ${schema} was published ${formatDuration(publishedMsAgo)} ago, ${changesText(changed)}`
}

function changesText(changed: number | null): string {
  if (changed === null) return 'the next publication compares every row'
  if (changed === 0) return 'nothing has changed since'
  return `${cappedText(changed, 'company has', 'companies have')} changed since`
}

/** Changes have waited for a day. */
function isLeftBehind({ publishedMsAgo, changed }: PublishedSchema): boolean {
  return changed !== 0 && publishedMsAgo > DAY_MS
}
