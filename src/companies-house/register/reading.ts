import { createPartReader, type PartName } from './part-reader.ts'
import type { RowBatch } from './row-batch.ts'

/** The rows of one part of a register file, batch by batch. */
export async function* readBatches(chunks: AsyncIterable<Buffer>, name: PartName): AsyncGenerator<RowBatch> {
  const reader = createPartReader(name)
  for await (const chunk of chunks) yield reader.read(chunk)
  yield reader.end()
}
