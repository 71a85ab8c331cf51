// The log of permits in PostgreSQL, for several machines: schema `chpipe_allowance`. Each turn of a process is one
// transaction under an advisory lock, in two exchanges: one brings what has happened and reads, the other writes what was
// decided. Statements travel as text with their values in them, several at once, so that an exchange is one round trip.
import type { Client, QueryResult } from 'pg'
import type { AllowanceState, Lane, ServerState } from './ledger.ts'

/** A process that takes part, and how people find it. */
export interface Member {
  id: string
  host: string
  pid: number
  /** Stands for its database, which a copy shares; null for none. */
  dataset: string | null
  /** Its machine's boot, and the wall time at which its steady clock was zero (ms). */
  boot: string
  zeroAt: number
}

/** A call that was answered, or failed, `ageMs` ago. */
export interface AnsweredPermit {
  number: number
  lane: Lane
  ageMs: number
  /** It stays counted after it has aged, for its owner alone. */
  reserved: boolean
}

/** What a process knows of the store's time, from its turn before. Null in its first. */
export interface TimeBounds {
  /** It is at least this late. */
  earliest: number
  /** Without the wait for the lock it would be at most this late. */
  latest: number
}

export interface TurnStart {
  allowance: string
  member: Member
  windowMs: number
  /** From an answer until its permit is given back. */
  holdMs: number
  probePatienceMs: number
  bounds: TimeBounds | null
  answered: AnsweredPermit[]
  /** Own calls are to be counted from each of these on (ms before now). */
  countSinceMs: number[]
  /** Numbers of the permits that are out, and of those that are reserved: what else the log has of this process is void. */
  out: number[]
  reserved: number[]
  /** The longest that the server waits for this process within the turn. */
  patienceMs: number
}

export interface TurnView {
  /** The store's time (ms), which goes on at the pace of the clocks of those who use it, and never back. */
  now: number
  /** Counts the turns of all: fewer than before means that the store has lost something. */
  turns: number
  /** Those of this process that it remembers. */
  ownTurns: number
  /** Another one than before stands for a log that began anew. */
  epoch: string
  room: AllowanceState
  server: ServerState
  /** Our own calls since each of `countSinceMs`. */
  ownCalls: number[]
  /** Whether what this process has reserved is all there, and was held without a break. */
  reserveHeld: boolean
}

export interface TurnEnd {
  allowance: string
  member: string
  now: number
  epoch: string
  server: ServerState
  /** Refusals that the answers of this turn told of. */
  refusals: number
  tokens: number | null
  occupied: number
  consumerUntil: number | null
  /** A stream permit waits here until then; null for none. */
  waitsUntil: number | null
  /** Until when what is reserved stays counted. */
  heldUntil: number
  grants: { number: number; lane: Lane; probe: boolean; freesAt: number; reserved: boolean }[]
}

/** Of the two numbers that name an advisory lock; the other is the allowance. */
const LOCK_CLASS = 0x43485049

const WALL = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** A shorter path of a message, or a longer one, is no jump of the server's clock. */
const JITTER_MS = 200

/** No turn waits longer for the lock. */
const LONGEST_WAIT_MS = 2000

/** Begins a turn: waits for the lock, writes what has happened, reads what a decision needs. */
export async function beginTurn(client: Client, turn: TurnStart): Promise<TurnView> {
  const { allowance, member, windowMs, probePatienceMs } = turn
  const [name, self] = [text(allowance), text(member.id)]
  const mine = `allowance = ${name} AND member = ${self}`
  const effective = 'greatest(p.frees_at, CASE WHEN p.reserved THEN m.held_until END)'
  const inFlight = `p.answered_at IS NULL AND p.frees_at - ${whole(windowMs)} > s.clock`
  const results = await exchange(client, [
    ...begin(turn.patienceMs),
    'SET LOCAL synchronous_commit = off',
    `SELECT set_config('chpipe.asked', ${WALL}::text, true)`,
    lock(allowance),
    advanceClock(name, turn.bounds),
    saveMember(allowance, member, 'clock'),
    ...(turn.answered.length > 0 ? [saveAnswered(name, self, turn)] : []),
    `DELETE FROM chpipe_allowance.permits
      WHERE ${mine} AND answered_at IS NULL AND NOT reserved AND number <> ALL (${list(turn.out)})`,
    `UPDATE chpipe_allowance.permits SET reserved = false
      WHERE ${mine} AND reserved AND number <> ALL (${list(turn.reserved)})`,
    `DELETE FROM chpipe_allowance.permits p USING chpipe_allowance.members m, chpipe_allowance.state s
      WHERE p.allowance = ${name} AND s.allowance = p.allowance AND m.allowance = p.allowance AND m.member = p.member
      AND ${effective} <= s.clock`,
    `SELECT s.*, l.*,
      EXISTS (SELECT 1 FROM chpipe_allowance.members WHERE allowance = ${name} AND waits_until > s.clock) AS stream_waiting,
      EXISTS (SELECT 1 FROM chpipe_allowance.members WHERE allowance = ${name} AND consumer_until > s.clock) AS consumer_alive,
      (SELECT turns FROM chpipe_allowance.members WHERE ${mine}) AS own_turns,
      (SELECT held_until > s.clock FROM chpipe_allowance.members WHERE ${mine}) AS held,
      (SELECT count(*) FROM chpipe_allowance.permits WHERE ${mine} AND reserved) AS reserved,
      ARRAY[${turn.countSinceMs.map((sinceMs) => countSince(name, sinceMs)).join(', ')}]::bigint[] AS own_calls
      FROM chpipe_allowance.state s, LATERAL (
        SELECT count(*) AS occupied, min(${effective}) AS next_free_at,
          count(*) FILTER (WHERE ${inFlight}) AS in_flight,
          count(*) FILTER (WHERE ${inFlight} AND p.probe AND p.granted_at + ${whole(probePatienceMs)} > s.clock) AS probing
        FROM chpipe_allowance.permits p JOIN chpipe_allowance.members m USING (allowance, member)
        WHERE p.allowance = s.allowance
      ) l WHERE s.allowance = ${name}`,
  ])
  const [row] = results.at(-1)?.rows ?? []
  if (!row) throw new Error('the log of permits is gone')
  return readView(row, turn.reserved.length)
}

/** Ends a turn: writes what was decided, and commits. */
export async function endTurn(client: Client, end: TurnEnd): Promise<void> {
  const { now, server, grants } = end
  const [name, self] = [text(end.allowance), text(end.member)]
  const rows = grants.map(
    ({ number, lane, probe, freesAt, reserved }) =>
      `(${name}, ${self}, ${whole(number)}, ${text(lane)}, ${probe}, ${reserved}, ${whole(now)}, ${whole(freesAt)})`,
  )
  await exchange(client, [
    `UPDATE chpipe_allowance.state SET reported_at = ${orNull(server.reportedAt)}, remain = ${orNull(server.remain)},
      remain_until = ${orNull(server.remainUntil)}, reset_at = ${orNull(server.resetAt)},
      gate_until = ${orNull(server.gateUntil)}, rate_limited = rate_limited + ${whole(end.refusals)}, epoch = ${text(end.epoch)},
      peak = greatest(peak, ${whole(end.occupied)})
      ${end.tokens === null ? '' : `, tokens = ${Number(end.tokens)}, refilled_at = ${whole(now)}`}
      WHERE allowance = ${name}`,
    `UPDATE chpipe_allowance.members SET turns = turns + 1, waits_until = ${orNull(end.waitsUntil)},
      consumer_until = ${orNull(end.consumerUntil)}, held_until = ${whole(end.heldUntil)}
      WHERE allowance = ${name} AND member = ${self}`,
    ...(rows.length > 0
      ? [
          `INSERT INTO chpipe_allowance.permits
            (allowance, member, number, lane, probe, reserved, granted_at, frees_at) VALUES ${rows.join(', ')}`,
        ]
      : []),
    'COMMIT',
  ])
}

/**
 * PostgreSQL knows only a wall clock. Where that jumps, time goes on from `earliest`, at the pace of the process whose
 * turn it is, unless others have found it to be later than it could be here, as after this machine slept.
 */
function advanceClock(name: string, bounds: TimeBounds | null): string {
  const shown = `${WALL} + shift`
  const waited = `greatest(0, ${WALL} - current_setting('chpipe.asked')::bigint)`
  const latest = bounds ? `${whole(bounds.latest)} + ${JITTER_MS} + least(${waited}, ${LONGEST_WAIT_MS})` : shown
  const earliest = bounds ? whole(bounds.earliest) : 'clock'
  return `UPDATE chpipe_allowance.state SET turns = turns + 1, clock = n.later, shift = n.later - n.wall
    FROM (
      SELECT ${WALL} AS wall, greatest(clock, ${earliest}, CASE WHEN ${latest} < clock THEN ${shown}
        WHEN ${shown} <= ${latest} THEN ${shown} ELSE ${earliest} END) AS later
      FROM chpipe_allowance.state WHERE allowance = ${name}
    ) n WHERE allowance = ${name}`
}

/** Says that a process is there; `now` is an expression over the row of the allowance. */
export function saveMember(allowance: string, member: Member, now: string): string {
  const { id, host, pid, dataset, boot, zeroAt } = member
  const shown = dataset === null ? 'NULL' : text(dataset)
  return `INSERT INTO chpipe_allowance.members (allowance, member, host, pid, dataset, boot, zero_at, seen_at)
    SELECT allowance, ${text(id)}, ${text(host)}, ${whole(pid)}, ${shown}, ${text(boot)}, ${whole(zeroAt)}, ${now}
    FROM chpipe_allowance.state WHERE allowance = ${text(allowance)}
    ON CONFLICT (allowance, member) DO UPDATE SET seen_at = excluded.seen_at`
}

/** Also what the store has lost, or never knew: calls that were made while it was away. */
function saveAnswered(name: string, self: string, { answered, holdMs }: TurnStart): string {
  const rows = answered.map(
    ({ number, lane, ageMs, reserved }) => `(${whole(number)}, ${text(lane)}, ${whole(ageMs)}::bigint, ${reserved})`,
  )
  return `INSERT INTO chpipe_allowance.permits AS p
    (allowance, member, number, lane, probe, reserved, granted_at, answered_at, frees_at)
    SELECT ${name}, ${self}, v.number, v.lane, false, v.reserved, s.clock - v.age, s.clock - v.age,
      s.clock - v.age + ${whole(holdMs)}
    FROM (VALUES ${rows.join(', ')}) v (number, lane, age, reserved), chpipe_allowance.state s WHERE s.allowance = ${name}
    ON CONFLICT (allowance, member, number) DO UPDATE SET answered_at = excluded.answered_at,
      frees_at = excluded.frees_at, reserved = excluded.reserved`
}

/** What is reserved may be in use without the store's knowing. */
function countSince(name: string, sinceMs: number): string {
  return `(SELECT count(*) FROM chpipe_allowance.permits WHERE allowance = ${name}
    AND (answered_at IS NULL OR reserved OR answered_at >= s.clock - ${whole(sinceMs)}))`
}

function readView(row: Record<string, unknown>, reserved: number): TurnView {
  const number = (name: string) => (row[name] === null || row[name] === undefined ? null : Number(row[name]))
  const server: ServerState = {
    reportedAt: number('reported_at'),
    remain: number('remain'),
    remainUntil: number('remain_until'),
    resetAt: number('reset_at'),
    gateUntil: number('gate_until'),
  }
  const now = Number(row.clock)
  return {
    now,
    turns: Number(row.turns),
    ownTurns: Number(row.own_turns),
    epoch: String(row.epoch),
    room: {
      zeroAt: null,
      occupied: Number(row.occupied),
      inFlight: Number(row.in_flight),
      probing: Number(row.probing) > 0,
      nextFreeAt: number('next_free_at'),
      heardAt: server.reportedAt,
      remain: server.remain,
      remainUntil: server.remainUntil,
      gateUntil: server.gateUntil,
      streamWaiting: row.stream_waiting === true,
      consumerAlive: row.consumer_alive === true,
      tokens: Number(row.tokens),
      refilledAt: number('refilled_at'),
    },
    server,
    ownCalls: (row.own_calls as (string | number)[]).map(Number),
    reserveHeld: row.held === true && Number(row.reserved) === reserved,
  }
}

/** One message to the server and one answer, however many statements. */
export async function exchange(client: Client, statements: string[]): Promise<QueryResult[]> {
  return (await client.query(statements.join(';\n'))) as unknown as QueryResult[]
}

/** Begins a transaction that a process which is gone, or waits in vain, does not hold for longer than this. */
export function begin(patienceMs: number): string[] {
  const names = ['statement_timeout', 'idle_in_transaction_session_timeout']
  return ['BEGIN', ...names.map((name) => `SET LOCAL ${name} = ${whole(patienceMs)}`)]
}

/** Waits for the turns of all others on this allowance; held until the transaction ends. */
export function lock(allowance: string): string {
  return `SELECT pg_advisory_xact_lock(${LOCK_CLASS}, hashtext(${text(allowance)}))`
}

/** A string as SQL writes it. */
export function text(value: string): string {
  return `'${value.replaceAll('\0', '').replaceAll("'", "''")}'`
}

/** A whole number as SQL writes it. */
export function whole(value: number): string {
  return String(Math.round(value))
}

function orNull(value: number | null): string {
  return value === null ? 'NULL' : whole(value)
}

function list(numbers: number[]): string {
  return `ARRAY[${numbers.map(whole).join(', ')}]::bigint[]`
}
