// The bytes of one body to its lines. While the stream is behind, what comes is read by a thread of its own, ahead of whoever
// takes it; once it is live, every line is handed on as it comes, and nothing is read ahead.
import type { Clock } from '../../clock.ts'
import type { WireAnswer } from '../../upstream/wire.ts'
import type { ReadBlock } from './block.ts'
import { isWhole } from './event.ts'
import { createSplitter, type Line, type Splitter } from './lines.ts'
import type { ReaderName } from './readers.ts'
import { type Lines, openReaderThread, type ReaderThread } from './thread.ts'

export interface ReadAheadOptions {
  clock: Clock
  /** How the events are read; without it nothing is read ahead. */
  reader?: ReaderName | undefined
  /** Its time does not run while what came waits to be taken. */
  watch: { pause(): void; resume(): void }
}

/** What waits to be taken, and how many bytes it was. */
interface Waiting {
  items: Iterable<Line> | Promise<ReadBlock[]>
  bytes: number
}

/** So many bytes are read ahead: more than one batch holds, so that the thread has work while it is written. */
const AHEAD_BYTES = 2 * 1024 * 1024

/**
 * Yields what is in the body in its order: lines, and blocks of lines that have been read. Throws what the body throws, once
 * everything before has been taken; returns when it ends.
 */
export async function* readAhead(
  { bytes, drop }: Pick<WireAnswer, 'bytes' | 'drop'>,
  options: ReadAheadOptions,
): AsyncGenerator<Line | ReadBlock, void> {
  const splitter = createSplitter()
  const readers = openReaders(options)
  const queue = openQueue()
  const pump = async () => {
    for await (const chunk of bytes) {
      options.watch.pause()
      const isBehind = readers.isBehind(chunk.byteLength)
      if (isBehind) for (const waiting of cut(chunk, splitter, readers.read)) queue.add(waiting)
      else queue.add({ items: splitter.push(chunk), bytes: chunk.byteLength })
      // The lines of a chunk are cut when they are taken, and before the next chunk is.
      await queue.until(isBehind ? AHEAD_BYTES : 0)
      if (queue.isClosed) return
      if (!isBehind) await readers.close()
      options.watch.resume()
    }
  }
  pump().then(queue.end, queue.fail)
  try {
    yield* queue.items()
    const rest = splitter.rest()
    if (rest?.kind === 'line' && isWhole(rest.text)) yield rest
    queue.throwFailure()
  } finally {
    queue.close()
    drop()
    await readers.close()
  }
}

/** The end of the line that has begun, the whole lines behind it as a block, and the beginning of the next one. */
function cut(chunk: Uint8Array, splitter: Splitter, read: (lines: Lines) => Promise<ReadBlock[]>): Waiting[] {
  const first = chunk.indexOf(LINE_FEED) + 1
  const last = chunk.lastIndexOf(LINE_FEED) + 1
  const push = (part: Uint8Array): Waiting => ({ items: [...splitter.push(part)], bytes: part.byteLength })
  if (last === first) return [push(chunk)]
  // The buffer is given away, so it must be the chunk's alone, and what stays here is copied.
  const { buffer, byteOffset: at } = chunk.byteLength === chunk.buffer.byteLength ? chunk : chunk.slice()
  const rest = chunk.slice(last)
  const head = push(chunk.slice(0, first))
  const items = read({ buffer, from: at + first, to: at + last })
  // Whoever takes it hears of a failure; nobody may.
  items.catch(() => {})
  return [head, { items, bytes: last - first }, push(rest)]
}

const LINE_FEED = 0x0a

/** What was read ahead, in its order. */
function openQueue() {
  const waiting: Waiting[] = []
  let bytes = 0
  let over: { error?: unknown } | undefined
  let isClosed = false
  let wake = () => {}
  /** Resolves when anything has changed. */
  const change = () =>
    new Promise<void>((resolve) => {
      const before = wake
      wake = () => {
        before()
        resolve()
      }
    })
  const changed = () => {
    const woken = wake
    wake = () => {}
    woken()
  }
  const finish = (end: { error?: unknown }) => {
    over = end
    changed()
  }
  return {
    add(one: Waiting) {
      waiting.push(one)
      bytes += one.bytes
      changed()
    },
    /** Resolves when no more than so many bytes wait to be taken, or nobody takes any more. */
    async until(most: number) {
      while (bytes > most && !isClosed) await change()
    },
    get isClosed() {
      return isClosed
    },
    close() {
      isClosed = true
      changed()
    },
    end: () => finish({}),
    fail: (error: unknown) => finish({ error }),
    async *items(): AsyncGenerator<Line | ReadBlock, void> {
      for (;;) {
        const one = waiting.shift()
        if (one) {
          yield* await one.items
          bytes -= one.bytes
          changed()
        } else if (over) return
        else await change()
      }
    },
    throwFailure() {
      if (over && 'error' in over) throw over.error
    },
  }
}

/** A stream that brings so much in a second is behind: live it brings some kilobytes. */
const BEHIND_BYTES = 1024 * 1024
const PACE_MS = 1000

/** Whether the stream is behind, and the thread that reads it then. */
function openReaders({ clock, reader }: ReadAheadOptions) {
  let thread: ReaderThread | undefined
  let [since, bytes, isBehind] = [Number.NEGATIVE_INFINITY, 0, false]
  return {
    /** So many bytes have come now. */
    isBehind(length: number): boolean {
      const now = clock.steady()
      if (now - since >= PACE_MS) {
        isBehind = bytes >= BEHIND_BYTES
        since = now
        bytes = 0
      }
      bytes += length
      isBehind ||= bytes >= BEHIND_BYTES
      return reader !== undefined && isBehind
    },
    async read(lines: Lines): Promise<ReadBlock[]> {
      thread ??= openReaderThread(reader as ReaderName)
      return [{ kind: 'block', text: await thread.read(lines), bytes: lines.to - lines.from }]
    },
    /** Nobody takes what is being read. */
    async close(): Promise<void> {
      const ending = thread
      thread = undefined
      await ending?.close()
    },
  }
}
