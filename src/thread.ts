// A thread beside this one, which answers what it is asked in the order in which it was asked.
import { setFlagsFromString } from 'node:v8'
import { type TransferListItem, Worker } from 'node:worker_threads'

export interface Thread<Asked, Answer> {
  /** What is in `transfer` goes over to the thread. Rejects with a `ThreadError` once the thread has ended. */
  ask(asked: Asked, transfer?: readonly TransferListItem[]): Promise<Answer>
  close(): Promise<void>
}

/** The thread could not be started, or has ended: what it did can be done without one. */
export class ThreadError extends Error {
  override readonly name = 'ThreadError'
}

/** It holds one piece of work at a time: less would keep what is over, and more would grow with the memory of the machine. */
const HALF_YOUNG_MB = 4

/** Where a thread's file lies, seen from a module of the program: its sources lie in many folders, and what is built in one. */
export function threadFile(from: string, { source, built }: { source: string; built: string }): URL {
  return new URL(from.endsWith('.ts') ? source : built, from)
}

/** Starts a thread that runs `file`. It knows no secrets, since it is given no environment. */
export function openThread<Asked, Answer>(file: URL, workerData?: unknown): Thread<Asked, Answer> {
  setFlagsFromString(`--min-semi-space-size=${HALF_YOUNG_MB}`)
  const worker = new Worker(file, {
    workerData,
    env: {},
    resourceLimits: { maxYoungGenerationSizeMb: 3 * HALF_YOUNG_MB },
  })
  const waiting: { resolve(answer: Answer): void; reject(error: unknown): void }[] = []
  let failed: ThreadError | undefined
  const fail = (cause?: unknown) => {
    failed ??= new ThreadError('the thread has ended', { cause })
    for (const { reject } of waiting.splice(0)) reject(failed)
  }
  worker.on('message', (answer: Answer) => waiting.shift()?.resolve(answer))
  worker.on('error', fail)
  worker.on('exit', () => fail())
  return {
    ask(asked, transfer = []) {
      if (failed) return Promise.reject(failed)
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        worker.postMessage(asked, transfer)
      })
    },
    async close() {
      await worker.terminate()
    },
  }
}
