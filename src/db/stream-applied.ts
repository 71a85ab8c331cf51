// The latest events that were applied, so that a stream which sends them again is understood, however it numbers them.
import type { Db } from './open.ts'
import { prepared } from './statements.ts'

export interface AppliedEvent {
  timepoint: number
  /** A checksum of what it told. */
  print: number
}

/** So many are remembered of each stream. */
export const APPLIED_KEPT = 5000

const BYTES = 12

/** Keeps the events of a batch, and forgets the oldest; belongs in the transaction that applies them. */
export function saveApplied(db: Db, stream: string, events: readonly AppliedEvent[]): void {
  if (events.length === 0) return
  const packed = Buffer.alloc(events.length * BYTES)
  for (const [index, { timepoint, print }] of events.entries()) {
    packed.writeDoubleLE(timepoint, index * BYTES)
    packed.writeUInt32LE(print, index * BYTES + 8)
  }
  const last = prepared(db, 'SELECT coalesce(max(number), 0) FROM stream_applied WHERE stream = ?').pluck().get(stream)
  const number = Number(last) + events.length
  prepared(db, 'INSERT INTO stream_applied (stream, number, events) VALUES (?, ?, ?)').run(stream, number, packed)
  prepared(db, 'DELETE FROM stream_applied WHERE stream = ? AND number <= ?').run(stream, number - APPLIED_KEPT)
}

/** The events that are remembered, in the order in which they were applied. */
export function readApplied(db: Db, stream: string): AppliedEvent[] {
  const sql = 'SELECT events FROM stream_applied WHERE stream = ? ORDER BY number'
  const batches = prepared(db, sql).pluck().all(stream) as Buffer[]
  return batches.flatMap((packed) =>
    Array.from({ length: Math.floor(packed.length / BYTES) }, (_, index) => ({
      timepoint: packed.readDoubleLE(index * BYTES),
      print: packed.readUInt32LE(index * BYTES + 8),
    })),
  )
}
