import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Parcel, StreamDelivery } from './delivery.ts'

/** One connection that is being served. */
export interface Connection {
  /** To be called when there may be something to send. */
  rouse(): void
  /** Ends it cleanly, behind the bytes on their way. */
  end(): void
  /** Resolves when it is over, however it ended. */
  readonly over: Promise<void>
}

export interface StreamConnectionOptions {
  response: ServerResponse
  delivery: StreamDelivery
  heartbeatMs: number
  /** After this it ends cleanly, as every night. */
  lifespanMs: number
  /** A reader that takes nothing for this long is cut off. */
  slowReaderMs: number
  counts: StreamRequestCounts
}

interface Line extends StreamConnectionOptions {
  bell: Bell
  beatDue: boolean
  ending: boolean
}

const HEARTBEAT = '\n'

/**
 * Serves events and heartbeats over a response whose head is written. One write waits for the other, so that no
 * heartbeat falls into an event and a slow reader holds back what is read from the log.
 */
export function openConnection(options: StreamConnectionOptions): Connection {
  const line: Line = { ...options, bell: createBell(), beatDue: false, ending: false }
  const { response, bell } = line
  const end = () => {
    line.ending = true
    bell.ring()
  }
  const beat = setInterval(() => {
    line.beatDue = true
    bell.ring()
  }, line.heartbeatMs)
  const life = setTimeout(end, Math.min(line.lifespanMs, LONGEST_TIMER_MS))
  response.on('close', bell.ring)
  response.on('drain', bell.ring)
  const over = serve(line).finally(() => {
    clearInterval(beat)
    clearTimeout(life)
    if (!response.destroyed) response.end()
  })
  return { rouse: bell.ring, end, over }
}

async function serve(line: Line): Promise<void> {
  while (isOpen(line)) {
    if (line.beatDue) {
      line.beatDue = false
      line.counts.heartbeatsSent += 1
      await write(line, HEARTBEAT)
      continue
    }
    const parcel = line.delivery.next()
    if (!parcel) await line.bell.wait()
    else if (parcel.kind === 'pause') await pause(line, parcel.ms)
    else await send(line, parcel)
  }
}

function isOpen({ response, ending }: Line): boolean {
  return !response.destroyed && !ending
}

async function send(line: Line, parcel: Extract<Parcel, { kind: 'bytes' }>): Promise<void> {
  const { response, counts } = line
  for (const piece of parcel.pieces) {
    if (response.destroyed) return
    await write(line, piece)
    // A turn of its own for each piece, so that each leaves as a chunk in a packet of its own.
    await nextTurn()
  }
  counts.eventsSent += parcel.eventCount
  if (parcel.outcome === 'close') line.ending = true
  if (parcel.outcome === 'reset') await reset(response)
  if (parcel.outcome === 'freeze') while (!response.destroyed) await line.bell.wait()
}

async function write(line: Line, bytes: Buffer | string): Promise<void> {
  const { response, bell, slowReaderMs, counts } = line
  if (response.write(bytes)) return
  const untilMs = performance.now() + slowReaderMs
  while (isOpen(line) && response.writableNeedDrain) {
    const leftMs = untilMs - performance.now()
    if (leftMs > 0) await bell.wait(leftMs)
    else {
      counts.slow += 1
      response.destroy()
    }
  }
}

async function pause(line: Line, ms: number): Promise<void> {
  const untilMs = performance.now() + ms
  for (let leftMs = ms; isOpen(line) && leftMs > 0; leftMs = untilMs - performance.now()) await line.bell.wait(leftMs)
}

/** Resets the connection once what was written has left. */
async function reset(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => response.write('', () => resolve()))
  response.socket?.resetAndDestroy()
}

/** Lets one loop sleep until somebody rings. */
interface Bell {
  /** Wakes the sleeper; without one it does nothing. */
  ring(): void
  /** Resolves at the next ring, or after `ms`. */
  wait(ms?: number): Promise<void>
}

/** Node's longest timer; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647

/** Makes a bell by which nobody sleeps yet. */
function createBell(): Bell {
  let wake = () => {}
  return {
    ring: () => wake(),
    wait(ms = LONGEST_TIMER_MS) {
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake(), Math.min(ms, LONGEST_TIMER_MS))
        wake = () => {
          clearTimeout(timer)
          wake = () => {}
          resolve()
        }
      })
    },
  }
}

/** How often one account may connect. */
export interface ConnectLimit {
  count: number
  windowMs: number
}

/** Says of each connection whether it is one too many in the window before it; those turned away count too (facts 3.2). */
export function createConnectPace(limit: ConnectLimit | undefined, now: () => number): () => boolean {
  let recent: number[] = []
  return () => {
    if (!limit) return false
    const atMs = now()
    recent = recent.filter((each) => each > atMs - limit.windowMs)
    recent.push(atMs)
    return recent.length > limit.count
  }
}

/** What a stream sandbox was asked and what it sent. The admin door is not counted. */
export interface StreamRequestCounts {
  /** Every request for a stream, answered or not. */
  connections: number
  /** Those that are being served at the moment. */
  open: number
  /** The most that were served at once. */
  openPeak: number
  /** By status; `none` for requests that were reset or never answered. A 200 counts when it is accepted. */
  byStatus: Record<string, number>
  /** By `timepoint` as it was asked for; `live` where there was none. */
  byTimepoint: Record<string, number>
  /** Connections closed because of newer ones. */
  kicked: number
  /** Connections closed because their reader was too slow. */
  slow: number
  /** Whole events put on the wire, duplicates included. */
  eventsSent: number
  heartbeatsSent: number
  /** How often each fault had its effect. */
  faults: Record<string, number>
}

/** Counts from nothing; `faults` is the fault switch's own table. */
export function emptyCounts(faults: Record<string, number>): StreamRequestCounts {
  return {
    connections: 0,
    open: 0,
    openPeak: 0,
    byStatus: {},
    byTimepoint: {},
    kicked: 0,
    slow: 0,
    eventsSent: 0,
    heartbeatsSent: 0,
    faults,
  }
}
