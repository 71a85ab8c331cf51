// Counts the rows of a delivered file again, by its format, without trusting what anybody says about it.
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parquetMetadata } from 'hyparquet'
import { openPromise } from 'yauzl'
import { countDeliveredRows } from '../../../db/count-delivered.ts'
import { countCsv, countJson, countLines } from './count-text.ts'
import { type Source, withFile } from './source.ts'

/** How many bytes of text may come out of one compressed byte; deflate itself ends at about 1,030. */
const MOST_EXPANSION = 200
const FREE_EXPANSION = 1 << 20

/** A Parquet file ends with its directory; ours are far below this. */
const PARQUET_TAIL = 1 << 26

/**
 * The rows of a file as its format counts them: records, lines, elements, or rows of all tables. Null when this is a
 * document or a format that is not counted. Throws when the file is damaged or unpacks into far more than its size.
 */
export async function countRows(source: Source, name: string): Promise<number | null> {
  const format = /\.(csv|ndjson|json|sqlite|parquet|xlsx)(\.gz)?$/.exec(name)
  if (!format) return null
  const [, ending, gzip] = format
  const text = () => (gzip ? unpacked(source, name) : source.read(name))
  switch (ending) {
    case 'csv':
      return await countCsv(text())
    case 'ndjson':
      return await countLines(text())
    case 'json':
      return await countJson(text())
    case 'sqlite':
      return await withFile(source, name, async (path) => countDeliveredRows(path))
    case 'parquet':
      return await countParquet(source.read(name))
    default:
      return await withFile(source, name, countSheets)
  }
}

async function* unpacked(source: Source, name: string): AsyncGenerator<Buffer> {
  const packed = Readable.from(source.read(name), { objectMode: false })
  const gunzip = createGunzip()
  packed.on('error', (error) => gunzip.destroy(error))
  yield* bounded(packed.pipe(gunzip), source.sizes.get(name) ?? 0)
}

async function* bounded(chunks: AsyncIterable<Buffer>, packedBytes: number): AsyncGenerator<Buffer> {
  let room = packedBytes * MOST_EXPANSION + FREE_EXPANSION
  for await (const chunk of chunks) {
    room -= chunk.length
    if (room < 0) throw new Error('it unpacks into far more than its size')
    yield chunk
  }
}

async function countParquet(bytes: AsyncIterable<Buffer>): Promise<number> {
  let tail = Buffer.alloc(0)
  let chunks: Buffer[] = []
  let held = 0
  for await (const chunk of bytes) {
    chunks.push(chunk)
    held += chunk.length
    if (held < PARQUET_TAIL) continue
    tail = Buffer.concat([tail, ...chunks]).subarray(-PARQUET_TAIL)
    chunks = []
    held = 0
  }
  const end = Uint8Array.from(Buffer.concat([tail, ...chunks]).subarray(-PARQUET_TAIL))
  return Number(parquetMetadata(end.buffer).num_rows)
}

/** Rows of all sheets but their headers. */
async function countSheets(path: string): Promise<number> {
  const zip = await openPromise(path, { autoClose: false })
  let rows = 0
  try {
    for await (const entry of zip.eachEntry()) {
      if (!/^xl\/worksheets\/sheet\d+\.xml$/.test(entry.fileName)) continue
      const chunks = bounded(await zip.openReadStreamPromise(entry), entry.compressedSize)
      rows += Math.max(0, (await countTags(chunks)) - 1)
    }
  } finally {
    zip.close()
  }
  return rows
}

/** `<row>` tags in XML; cells hold `<` only as an entity, so the letters stand for nothing else. */
async function countTags(chunks: AsyncIterable<Buffer>): Promise<number> {
  let tags = 0
  let rest = ''
  for await (const chunk of chunks) {
    const text = rest + chunk.toString('latin1')
    tags += text.match(/<row[\s>/]/g)?.length ?? 0
    rest = text.slice(-4)
  }
  return tags
}
