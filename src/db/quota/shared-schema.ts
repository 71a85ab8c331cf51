// The tables of the shared log of permits, and what people are told of them.
import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { DAY_MS } from '../../clock.ts'
import { ChpipeError } from '../../errors.ts'
import type { Quota } from '../../settings.ts'
import { begin, exchange, lock, type Member, saveMember, text, whole } from './shared-ledger.ts'

/** A schema that a newer chpipe has changed is not touched. */
const VERSION = 1

const TABLES = `
  CREATE SCHEMA IF NOT EXISTS chpipe_allowance;
  CREATE TABLE IF NOT EXISTS chpipe_allowance.state (
    allowance text PRIMARY KEY, version integer NOT NULL, quota_limit integer NOT NULL, window_ms bigint NOT NULL,
    turns bigint NOT NULL DEFAULT 0, epoch text NOT NULL, clock bigint NOT NULL, shift bigint NOT NULL DEFAULT 0,
    reported_at bigint, remain bigint, remain_until bigint, reset_at bigint, gate_until bigint,
    tokens double precision NOT NULL DEFAULT 0, refilled_at bigint,
    peak bigint NOT NULL DEFAULT 0, rate_limited bigint NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS chpipe_allowance.members (
    allowance text NOT NULL, member text NOT NULL, host text NOT NULL, pid integer NOT NULL, seen_at bigint NOT NULL,
    dataset text, boot text NOT NULL, zero_at bigint NOT NULL,
    turns bigint NOT NULL DEFAULT 0, waits_until bigint, consumer_until bigint, held_until bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (allowance, member)
  );
  CREATE TABLE IF NOT EXISTS chpipe_allowance.permits (
    allowance text NOT NULL, member text NOT NULL, number bigint NOT NULL, lane text NOT NULL, probe boolean NOT NULL,
    reserved boolean NOT NULL, granted_at bigint NOT NULL, answered_at bigint, frees_at bigint NOT NULL,
    PRIMARY KEY (allowance, member, number),
    FOREIGN KEY (allowance, member) REFERENCES chpipe_allowance.members ON DELETE CASCADE
  );
  COMMENT ON SCHEMA chpipe_allowance IS 'The calls that chpipe has made, for the allowance that several machines share'`

/** A process that has not been heard for longer is not there. */
export const HEARD_WITHIN_MS = 60_000

/** Steady clocks that were zero at one moment are of one machine, whatever its containers call it. */
const SAME_CLOCK_MS = 10_000

/** The longest that the server waits for a process that begins, and that one for the turns of others. */
const PREPARE_PATIENCE_MS = 5000

/** How long a process is remembered after its last turn. */
const FORGOTTEN_AFTER_MS = DAY_MS

const NOW = 'greatest(clock, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + shift)'

/**
 * Creates what is missing. Throws `config` where others use the allowance with another quota, or a newer chpipe made the
 * tables, `data` where another machine works on a copy of this database; errors of the driver for the rest.
 */
export async function prepareSharedLedger(
  client: Client,
  { allowance, quota, member, variable }: { allowance: string; quota: Quota; member: Member; variable: string },
): Promise<void> {
  const { limit, windowMs } = quota
  const [name, self] = [text(allowance), text(member.id)]
  const { rows: found } = await client.query("SELECT to_regclass('chpipe_allowance.permits') AS permits")
  if (found[0]?.permits === null) await exchange(client, ['BEGIN', lock('schema'), TABLES, 'COMMIT'])
  const results = await exchange(client, [
    ...begin(PREPARE_PATIENCE_MS),
    lock(allowance),
    `INSERT INTO chpipe_allowance.state (allowance, version, quota_limit, window_ms, epoch, clock)
      VALUES (${name}, ${VERSION}, ${limit}, ${whole(windowMs)}, ${text(randomUUID())},
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
      ON CONFLICT DO NOTHING`,
    `DELETE FROM chpipe_allowance.members m USING chpipe_allowance.state s WHERE m.allowance = s.allowance
      AND greatest(m.seen_at, m.held_until) + ${FORGOTTEN_AFTER_MS} < s.clock`,
    `UPDATE chpipe_allowance.state s SET quota_limit = ${limit}, window_ms = ${whole(windowMs)} WHERE allowance = ${name}
      AND NOT EXISTS (SELECT 1 FROM chpipe_allowance.members m WHERE m.allowance = s.allowance AND member <> ${self}
        AND m.seen_at + greatest(s.window_ms, ${HEARD_WITHIN_MS}) > ${NOW})`,
    `SELECT version, quota_limit, window_ms FROM chpipe_allowance.state WHERE allowance = ${name}`,
    findCopies(name, member),
  ])
  const row = results.at(-2)?.rows[0] as Used
  const refusal = refusalOf(row, results.at(-1)?.rows[0], { quota, variable })
  if (refusal) {
    await client.query('ROLLBACK')
    throw refusal
  }
  await exchange(client, [saveMember(allowance, member, NOW), 'COMMIT'])
}

interface Used {
  version: number
  quota_limit: number
  window_ms: string
}

/** Why this process may not use the allowance; null when it may. */
function refusalOf(
  row: Used,
  copy: { host: string; pid: number } | undefined,
  { quota: { limit, windowMs }, variable }: { quota: Quota; variable: string },
): ChpipeError | null {
  if (row.version > VERSION) {
    return new ChpipeError('config', `The allowance of ${variable} was made by a newer chpipe`, {
      hint: 'upgrade chpipe on this machine',
    })
  }
  if (copy) {
    const where = `${copy.host} (process ${copy.pid})`
    return new ChpipeError('data', `Another machine works on a copy of this database now: ${where}`, {
      hint: 'stop chpipe there, and wait a minute: both would fetch and buy the same',
    })
  }
  if (row.quota_limit === limit && Number(row.window_ms) === windowMs) return null
  const theirs = `${row.quota_limit}/${Number(row.window_ms) / 1000}s`
  const ours = `${limit}/${windowMs / 1000}s`
  return new ChpipeError('config', `The allowance of ${variable} is used by others as ${theirs}, and here as ${ours}`, {
    hint: 'set the same quota on all machines, as CHPIPE_CH_QUOTA or CHPIPE_SNOV_QUOTA',
  })
}

/** Processes of other machines that have been heard of late, with a copy of this one's database. */
function findCopies(name: string, { dataset, boot, zeroAt }: Member): string {
  return `SELECT m.host, m.pid FROM chpipe_allowance.members m JOIN chpipe_allowance.state s USING (allowance)
    WHERE allowance = ${name} AND m.dataset = ${dataset === null ? 'NULL' : text(dataset)} AND m.boot <> ${text(boot)}
    AND abs(m.zero_at - ${whole(zeroAt)}) > ${SAME_CLOCK_MS} AND m.seen_at + ${HEARD_WITHIN_MS} > ${NOW}`
}

/** The row of a process that ends. */
export async function deleteMember(client: Client, allowance: string, member: string): Promise<void> {
  const mine = `allowance = ${text(allowance)} AND member = ${text(member)}`
  await exchange(client, [
    `DELETE FROM chpipe_allowance.members m WHERE ${mine}
      AND NOT EXISTS (SELECT 1 FROM chpipe_allowance.permits p WHERE p.allowance = m.allowance AND p.member = m.member)`,
    `UPDATE chpipe_allowance.members SET seen_at = 0, waits_until = NULL, consumer_until = NULL
      WHERE ${mine}`,
  ])
}

export interface SharedUser {
  host: string
  pid: number
  /** How long ago it had its last turn (ms). */
  seenMsAgo: number
}

export interface SharedUse {
  used: number
  stream: number
  /** From now (ms); null when nothing is out, or the gate is open. */
  nextFreeInMs: number | null
  gateForMs: number | null
  peak: number
  rateLimited: number
  /** Those heard of late. */
  users: SharedUser[]
}

/** How the allowance stands, read without writing; null where nobody has ever used it. */
export async function readSharedUse(client: Client, allowance: string): Promise<SharedUse | null> {
  const { rows: found } = await client.query("SELECT to_regclass('chpipe_allowance.permits') AS permits")
  if (found[0]?.permits === null) return null
  const name = text(allowance)
  const results = await exchange(client, [
    `WITH t AS (SELECT allowance, gate_until, peak, rate_limited, ${NOW} AS now FROM chpipe_allowance.state
        WHERE allowance = ${name}),
      held AS (SELECT p.lane, greatest(p.frees_at, CASE WHEN p.reserved THEN m.held_until END) - t.now AS left_ms
        FROM t JOIN chpipe_allowance.permits p USING (allowance) JOIN chpipe_allowance.members m USING (allowance, member))
      SELECT t.peak, t.rate_limited, t.gate_until - t.now AS gate_for,
        (SELECT count(*) FROM held WHERE left_ms > 0) AS used,
        (SELECT count(*) FROM held WHERE left_ms > 0 AND lane = 'stream') AS stream,
        (SELECT min(left_ms) FROM held WHERE left_ms > 0) AS next_free
      FROM t`,
    `SELECT host, pid, ${NOW} - seen_at AS ago FROM chpipe_allowance.state JOIN chpipe_allowance.members USING (allowance)
      WHERE allowance = ${name} AND seen_at + greatest(window_ms, ${HEARD_WITHIN_MS}) > ${NOW} ORDER BY host, pid`,
  ])
  const row = results[0]?.rows[0]
  if (!row) return null
  const positive = (value: unknown) => (Number(value) > 0 ? Number(value) : null)
  return {
    used: Number(row.used),
    stream: Number(row.stream),
    nextFreeInMs: positive(row.next_free),
    gateForMs: positive(row.gate_for),
    peak: Number(row.peak),
    rateLimited: Number(row.rate_limited),
    users: (results[1]?.rows ?? []).map(({ host, pid, ago }) => ({ host, pid, seenMsAgo: Math.max(0, Number(ago)) })),
  }
}
