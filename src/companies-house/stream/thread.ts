// A thread that reads blocks of lines, while this one writes what was in those before.
import { openThread } from '../../thread.ts'
import type { ReaderName } from './readers.ts'

/** Whole lines, somewhere in a buffer. */
export interface Lines {
  buffer: ArrayBufferLike
  from: number
  to: number
}

export interface ReaderThread {
  /** What `readBlock` makes of the lines; their buffer goes over to the thread. Rejects with a `ThreadError`. */
  read(lines: Lines): Promise<string>
  close(): Promise<void>
}

/** The built program lies in one folder, its sources in many. */
const FILE = import.meta.url.endsWith('.ts') ? './reader-thread.ts' : './stream-reader.js'

/** Starts a thread for one stream. */
export function openReaderThread(name: ReaderName): ReaderThread {
  const thread = openThread<Lines, string>(new URL(FILE, import.meta.url), name)
  return { read: (lines) => thread.ask(lines, [lines.buffer as ArrayBuffer]), close: thread.close }
}
