// A thread that reads blocks of lines, while this one writes what was in those before.
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { ReaderName } from './readers.ts'

/** Whole lines, somewhere in a buffer. */
export interface Lines {
  buffer: ArrayBufferLike
  from: number
  to: number
}

export interface ReaderThread {
  /** What `readBlock` makes of the lines; their buffer goes over to the thread. Rejects with a `ReaderThreadError`. */
  read(lines: Lines): Promise<string>
  close(): Promise<void>
}

/** The thread could not be started, or has ended: its stream can be read without one. */
export class ReaderThreadError extends Error {
  override readonly name = 'ReaderThreadError'
}

/** It holds one block at a time: less would keep what is over, and more would grow with the memory of the machine. */
const HALF_YOUNG_MB = 4

/** The built program lies in one folder, its sources in many. */
const FILE = import.meta.url.endsWith('.ts') ? './reader-thread.ts' : './stream-reader.js'

/** Starts a thread for one stream. It knows no secrets, since it is given no environment. */
export function openReaderThread(name: ReaderName): ReaderThread {
  setFlagsFromString(`--min-semi-space-size=${HALF_YOUNG_MB}`)
  const worker = new Worker(new URL(FILE, import.meta.url), {
    workerData: name,
    env: {},
    resourceLimits: { maxYoungGenerationSizeMb: 3 * HALF_YOUNG_MB },
  })
  const waiting: { resolve(text: string): void; reject(error: unknown): void }[] = []
  let failed: ReaderThreadError | undefined
  const fail = (cause?: unknown) => {
    failed ??= new ReaderThreadError('the thread that reads the stream has ended', { cause })
    for (const { reject } of waiting.splice(0)) reject(failed)
  }
  worker.on('message', (text: string) => waiting.shift()?.resolve(text))
  worker.on('error', fail)
  worker.on('exit', () => fail())
  return {
    read(lines) {
      if (failed) return Promise.reject(failed)
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        worker.postMessage(lines, [lines.buffer as ArrayBuffer])
      })
    },
    async close() {
      await worker.terminate()
    },
  }
}
