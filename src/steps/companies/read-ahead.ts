// The pieces of a register file to their rows. A long file is read by a thread of its own, ahead of whoever stores what was
// in the pieces before.
import { CHUNK_BYTES } from '../../companies-house/register/bytes.ts'
import { ChpipeError, type ErrorKind } from '../../errors.ts'
import { openThread, type Thread, ThreadError, threadFile } from '../../thread.ts'
import type { PackedRows } from './packed-rows.ts'
import { createRowsReader, type RowsOptions } from './rows.ts'

/** What the thread is asked, first how to read. The block of a piece goes over to it, and comes back with the rows. */
export type PieceAsked =
  | { kind: 'begin'; options: RowsOptions }
  | { kind: 'piece'; block: ArrayBuffer; length: number }
  | { kind: 'end' }

export type PieceAnswer =
  | { kind: 'begun' }
  | { kind: 'rows'; rows: PackedRows; block?: ArrayBuffer }
  | { kind: 'refused'; error: { kind: ErrorKind; message: string; hint: string | undefined } }

/** A shorter file is read before a thread has begun. */
const SHORT_BYTES = 1024 * 1024

/** So many pieces are read ahead of those that are taken. */
const PIECES_AHEAD = 4

const FILE = threadFile(import.meta.url, { source: './rows-thread.ts', built: './register-reader.js' })

/**
 * The rows of a file, piece by piece. Throws what the pieces throw, and the `data` errors of a `RowsReader`. One of which rows
 * are known is read here: little is to be done about those, so that a thread would gain nothing.
 */
export async function* readRows(chunks: AsyncIterable<Buffer>, options: RowsOptions): AsyncGenerator<PackedRows> {
  const { isShort, all } = await begun(chunks, SHORT_BYTES)
  const thread = isShort || options.known ? null : await openRowsThread(options)
  if (!thread) {
    const reader = createRowsReader(options)
    for await (const chunk of all) yield reader.read(chunk)
    yield reader.end()
    return
  }
  try {
    yield* readBeside(all, thread)
  } finally {
    await thread.close()
  }
}

/** Takes the first chunks; returns whether there are no more, and all of them, as if none had been taken. */
async function begun(chunks: AsyncIterable<Buffer>, most: number) {
  const iterator = chunks[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let bytes = 0
  let isShort = false
  while (bytes < most && !isShort) {
    const next = await iterator.next()
    if (next.done) isShort = true
    else {
      first.push(next.value)
      bytes += next.value.length
    }
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      while (first.length > 0) yield first.shift() as Buffer
      yield* { [Symbol.asyncIterator]: () => iterator }
    } finally {
      await iterator.return?.()
    }
  }
  return { isShort, all: all() }
}

type RowsThread = Thread<PieceAsked, PieceAnswer>

/** Null where the machine has no thread to give: then the file is read without one. */
async function openRowsThread(options: RowsOptions): Promise<RowsThread | null> {
  const thread: RowsThread = openThread(FILE)
  try {
    await thread.ask({ kind: 'begin', options })
    return thread
  } catch (error) {
    await thread.close()
    if (error instanceof ThreadError) return null
    throw error
  }
}

async function* readBeside(chunks: AsyncIterable<Buffer>, thread: RowsThread): AsyncGenerator<PackedRows> {
  const asked: Promise<PackedRows>[] = []
  const free: ArrayBuffer[] = []
  const ask = (message: PieceAsked, transfer: ArrayBuffer[]) => {
    const rows = thread.ask(message, transfer).then((answer) => {
      if (answer.kind === 'rows' && answer.block?.byteLength === CHUNK_BYTES) free.push(answer.block)
      return rowsIn(answer)
    })
    // Whoever takes it hears of a failure; nobody may.
    rows.catch(() => {})
    asked.push(rows)
  }
  for await (const chunk of chunks) {
    const block =
      chunk.length > CHUNK_BYTES ? new ArrayBuffer(chunk.length) : (free.pop() ?? new ArrayBuffer(CHUNK_BYTES))
    new Uint8Array(block).set(chunk)
    ask({ kind: 'piece', block, length: chunk.length }, [block])
    if (asked.length > PIECES_AHEAD) yield (await asked.shift()) as PackedRows
  }
  ask({ kind: 'end' }, [])
  for (const rows of asked) yield await rows
}

function rowsIn(answer: PieceAnswer): PackedRows {
  if (answer.kind === 'rows') return answer.rows
  if (answer.kind === 'begun') throw new Error('the thread had begun before')
  const { kind, message, hint } = answer.error
  throw new ChpipeError(kind, message, hint === undefined ? {} : { hint })
}
