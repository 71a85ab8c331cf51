// Whole lines, read together. What they mean is one text, since that passes from thread to thread at once, and objects do not.
import { crc32 } from 'node:zlib'
import { type EventHead, type RejectedLine, readLine } from './event.ts'
import { createSplitter, type Line } from './lines.ts'
import type { EventReader } from './readers.ts'

/** Lines that have been read already. */
export interface ReadBlock {
  kind: 'block'
  /** What `readBlock` has made of them. */
  text: string
  bytes: number
}

/** An event or a line that is none; `print` is the checksum by which an event is known again. */
export type Read<Event> = { event: Event; print: number } | RejectedLine

/** What the lines mean, in their order; the last one must have its line end. */
export function readBlock<Event extends EventHead>(lines: Uint8Array, reader: EventReader<Event>): string {
  const found: unknown[] = []
  const pack = reader.packing?.pack
  for (const line of createSplitter().push(lines)) {
    if (line.kind === 'heartbeat') continue
    for (const read of readLine(line, reader.read)) {
      if (isRejected(read)) found.push(read)
      else found.push([printOf(read, reader), pack ? pack(read) : read])
    }
  }
  return JSON.stringify(found)
}

/** What a line or a block holds, one after the other. */
export function* readsOf<Event extends EventHead>(
  item: ReadBlock | Exclude<Line, { kind: 'heartbeat' }>,
  reader: EventReader<Event>,
): Generator<Read<Event>> {
  if (item.kind !== 'block') {
    for (const read of readLine(item, reader.read)) {
      yield isRejected(read) ? read : { event: read, print: printOf(read, reader) }
    }
    return
  }
  const unpack = reader.packing?.unpack ?? ((packed: Event) => packed)
  for (const read of JSON.parse(item.text) as (RejectedLine | [print: number, packed: never])[]) {
    yield Array.isArray(read) ? { event: unpack(read[1]), print: read[0] } : read
  }
}

function isRejected(read: EventHead | RejectedLine): read is RejectedLine {
  return read.kind === 'rejected'
}

function printOf<Event extends EventHead>(event: Event, reader: EventReader<Event>): number {
  return crc32(reader.print(event))
}
