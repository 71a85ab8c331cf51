// The whole of a thread that reads blocks of lines: each is answered with what `readBlock` makes of it, in their order.
import { parentPort, workerData } from 'node:worker_threads'
import { readBlock } from './block.ts'
import type { EventHead } from './event.ts'
import { type EventReader, READERS, type ReaderName } from './readers.ts'
import type { Lines } from './thread.ts'

const reader = READERS[workerData as ReaderName] as unknown as EventReader<EventHead>

parentPort?.on('message', ({ buffer, from, to }: Lines) =>
  parentPort?.postMessage(readBlock(new Uint8Array(buffer, from, to - from), reader)),
)
