// The whole of a thread that reads a register file: each piece is answered with its rows, in their order.
import { parentPort } from 'node:worker_threads'
import { ChpipeError } from '../../errors.ts'
import { collectGarbage } from '../../heap-space.ts'
import type { PieceAnswer, PieceAsked } from './read-ahead.ts'
import { createRowsReader, type RowsReader } from './rows.ts'

/** The bytes of pieces lie outside of V8's spaces, and those that grew old go only when these are looked through. */
const PIECES_BEFORE_GARBAGE = 2048

let reader: RowsReader
let pieces = 0

parentPort?.on('message', (asked: PieceAsked) => {
  const answer = answerOf(asked)
  const kept = answer.kind === 'rows' ? [answer.rows.numbers.buffer, ...(answer.block ? [answer.block] : [])] : []
  parentPort?.postMessage(answer, kept)
  pieces += 1
  if (pieces % PIECES_BEFORE_GARBAGE === 0) collectGarbage()
})

function answerOf(asked: PieceAsked): PieceAnswer {
  try {
    if (asked.kind === 'begin') {
      reader = createRowsReader(asked.options)
      return { kind: 'begun' }
    }
    if (asked.kind === 'end') return { kind: 'rows', rows: reader.end() }
    const { block, length } = asked
    return { kind: 'rows', rows: reader.read(Buffer.from(block, 0, length)), block }
  } catch (error) {
    if (!(error instanceof ChpipeError)) throw error
    return { kind: 'refused', error: { kind: error.kind, message: error.message, hint: error.hint } }
  }
}
