// Counts the rows of a delivered file again, by its format, without trusting what anybody says about it.
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parquetMetadata } from 'hyparquet'
import { openPromise } from 'yauzl'
import { countDeliveredRows } from '../../../db/dataset/deliveries.ts'
import { type DeliverySource, withFile } from './source.ts'

/** How many bytes of text may come out of one compressed byte; deflate itself ends at about 1,030. */
const MOST_EXPANSION = 200
const FREE_EXPANSION = 1 << 20

/** A Parquet file ends with its directory; ours are far below this. */
const PARQUET_TAIL = 1 << 26

/**
 * The rows of a file as its format counts them: records, lines, elements, or rows of all tables. Null when this is a
 * document or a format that is not counted. Throws when the file is damaged or unpacks into far more than its size.
 */
export async function countRows(source: DeliverySource, name: string): Promise<number | null> {
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

async function* unpacked(source: DeliverySource, name: string): AsyncGenerator<Buffer> {
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

// Counts rows of text as it streams by, byte for byte: nothing is kept of it, however long a row is.

const [LF, CR, QUOTE, BACKSLASH] = [0x0a, 0x0d, 0x22, 0x5c]
const [BLANK, TAB] = [0x20, 0x09]
const BYTE_ORDER_MARK = new Set([0xef, 0xbb, 0xbf])

type Bytes = AsyncIterable<Buffer>

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === LF || byte === CR || byte === TAB
}

/** Records of RFC 4180 behind the header; a line end between quotes ends none, and the last needs none. */
export async function countCsv(bytes: Bytes): Promise<number> {
  let records = 0
  let quoted = false
  let begun = false
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === QUOTE) quoted = !quoted
      if (byte === LF && !quoted) {
        if (begun) records += 1
        begun = false
      } else if (byte !== CR) begun = true
    }
  }
  if (begun) records += 1
  return Math.max(0, records - 1)
}

/** Lines that are not blank. */
export async function countLines(bytes: Bytes): Promise<number> {
  let lines = 0
  let begun = false
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? LF
      if (byte === LF) begun = false
      else if (!begun && !isBlank(byte)) {
        begun = true
        lines += 1
      }
    }
  }
  return lines
}

/** Elements of a JSON array. Throws for text that is no array, or one that does not end. */
export async function countJson(bytes: Bytes): Promise<number> {
  const array = arrayCounter()
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) array.take(chunk[at] ?? BLANK)
  }
  const elements = array.elements()
  if (elements === null) throw new Error('it is no JSON array, or one that breaks off')
  return elements
}

const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, COMMA] = [0x5b, 0x5d, 0x7b, 0x7d, 0x2c]

function arrayCounter(): { take(byte: number): void; elements(): number | null } {
  let depth = 0
  let inText = false
  let escaped = false
  let isArray = true
  let closed = false
  let commas = 0
  let something = false
  const inside = (byte: number) => {
    if (escaped) escaped = false
    else if (byte === BACKSLASH) escaped = true
    else if (byte === QUOTE) inText = false
  }
  const begin = (byte: number) => {
    if (closed || byte !== OPEN_ARRAY) isArray = false
    else depth = 1
  }
  const outside = (byte: number) => {
    if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1
    else if (byte === COMMA && depth === 1) commas += 1
    else {
      something = true
      if (byte === QUOTE) inText = true
      if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1
    }
    if (depth === 0) closed = true
  }
  return {
    take(byte) {
      if (inText) inside(byte)
      else if (isBlank(byte) || (depth === 0 && BYTE_ORDER_MARK.has(byte))) return
      else if (depth === 0) begin(byte)
      else outside(byte)
    },
    elements: () => (isArray && closed ? (something ? commas + 1 : 0) : null),
  }
}
