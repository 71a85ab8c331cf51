import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { type Db, openDb } from '../../src/db/open.ts'
import { beginRun, deadRuns, findLiveRuns } from '../../src/db/runs.ts'
import { runs } from '../../src/db/schema.ts'
import { virtualClock } from '../virtual-clock.ts'

const LONG_AGO_MS = 3_600_000

/** A clock as a unit sees it to which the container manager shows a boot id of its own. */
function masked(clock = virtualClock()) {
  return { ...clock, boot: 'another boot id' }
}

function insertRun(db: Db, row: Partial<typeof runs.$inferInsert>): number {
  const clock = virtualClock()
  const base = { command: 'stream', host: hostname(), boot: clock.boot, pid: process.pid, started_at: clock.now() }
  return db
    .insert(runs)
    .values({ heartbeat_at: clock.now(), ...base, ...row })
    .returning({ id: runs.id })
    .get().id
}

const startOf = (pid: number) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

describe('a run on this host', () => {
  it('lives while its process does, whatever boot id the observer is shown, and however late its heartbeat', () => {
    const db = openDb(':memory:')
    using run = beginRun(db, virtualClock(), 'stream')
    db.update(runs)
      .set({ heartbeat_at: virtualClock().now() - LONG_AGO_MS })
      .where(eq(runs.id, run.id))
      .run()
    expect(deadRuns(db, masked(), [run.id])).toEqual([])
    expect(findLiveRuns(db, masked()).map(({ id }) => id)).toEqual([run.id])
  })

  it('is dead at once when its process has ended, also to an observer with another boot id', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    const pid = child.pid ?? 0
    const db = openDb(':memory:')
    const pid_namespace = readlinkSync('/proc/self/ns/pid')
    const id = insertRun(db, { pid, pid_started: startOf(pid), pid_namespace, boot: 'another boot id' })
    expect(deadRuns(db, virtualClock(), [id])).toEqual([])
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(deadRuns(db, virtualClock(), [id])).toEqual([id])
  })

  it('is dead when its pid belongs to a process that began at another time', () => {
    const db = openDb(':memory:')
    const pid_namespace = readlinkSync('/proc/self/ns/pid')
    const id = insertRun(db, { pid_started: '1', pid_namespace, boot: 'another boot id' })
    expect(deadRuns(db, virtualClock(), [id])).toEqual([id])
  })

  it('in another pid namespace ends with its lease, as does one that only another boot id speaks against', () => {
    const db = openDb(':memory:')
    const elsewhere = { pid: 2 ** 22 + 1, pid_started: '1', pid_namespace: 'pid:[1]' }
    const unknown = { pid: 2 ** 22 + 1, pid_started: '1', boot: 'another boot id' }
    const heartbeat_at = virtualClock().now() - LONG_AGO_MS
    const fresh = [insertRun(db, elsewhere), insertRun(db, unknown)]
    const stale = [insertRun(db, { ...elsewhere, heartbeat_at }), insertRun(db, { ...unknown, heartbeat_at })]
    expect(deadRuns(db, virtualClock(), [...fresh, ...stale])).toEqual(stale)
  })
})
