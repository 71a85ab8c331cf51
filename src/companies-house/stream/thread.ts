// A thread that reads blocks of lines, while this one writes what was in those before.
import { openThread, threadFile } from '../../thread.ts'
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

const FILE = threadFile(import.meta.url, { source: './reader-thread.ts', built: './stream-reader.js' })

/** Starts a thread for one stream. */
export function openReaderThread(name: ReaderName): ReaderThread {
  const thread = openThread<Lines, string>(FILE, name)
  return { read: (lines) => thread.ask(lines, [lines.buffer as ArrayBuffer]), close: thread.close }
}
