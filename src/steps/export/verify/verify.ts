// Compares a delivery with its own manifest: every name, size, checksum and row count. It reads and writes nothing else,
// and needs no database.
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { ChpipeError, errorMessage } from '../../../errors.ts'
import { sha256Of } from '../../../files.ts'
import { newestDelta } from '../destination.ts'
import { formatOfFile } from '../formats/formats.ts'
import { unpacked } from '../formats/writer.ts'
import { MANIFEST } from '../replace.ts'
import { type DeliverySource, openFolder, openZipSource, withFile } from './source.ts'

export type What = 'missing' | 'extra' | 'not a file' | 'twice' | 'bytes' | 'sha256' | 'rows' | 'damaged'

/** One thing that differs; what the manifest says and what was found, as text. */
export interface Difference {
  file: string
  what: What
  expected: string
  found: string
}

export interface Verification {
  as_of: string
  program_version: string
  files: number
  rows: number
  bytes: number
  differences: Difference[]
}

/**
 * Checks the folder or zip at `path`. Throws `data` when it is neither, or has no manifest that can be read, and the
 * signal's reason when interrupted; `onFile` is called for each file as it begins.
 */
export async function verifyDelivery(
  path: string,
  { signal, onFile }: { signal: AbortSignal; onFile?: (name: string) => void },
): Promise<Verification> {
  const source = await openSource(path)
  try {
    const manifest = await readManifest(source, path)
    const differences = nameDifferences(source, manifest)
    for (const file of manifest.files) {
      if (!source.sizes.has(file.name)) continue
      onFile?.(file.name)
      differences.push(...(await fileDifferences(interruptible(source, signal), file, signal)))
    }
    const sum = (of: 'rows' | 'bytes') => manifest.files.reduce((total, file) => total + file[of], 0)
    const { as_of, program_version, files } = manifest
    return { as_of, program_version, files: files.length, rows: sum('rows'), bytes: sum('bytes'), differences }
  } finally {
    await source.close()
  }
}

/** Opens the folder or zip at `path`. Throws `data` when it is neither, or cannot be read. */
async function openSource(path: string): Promise<DeliverySource> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) return await openFolder(path)
    if (found.isFile()) return await openZipSource(path)
  } catch (error) {
    if (error instanceof ChpipeError) throw error
    throw new ChpipeError('data', `The delivery cannot be read (${errorMessage(error)})`, {
      hint: 'name the folder or the zip that chpipe export wrote',
      cause: error,
    })
  }
  throw new ChpipeError('data', `Neither a folder nor a zip file: ${path}`)
}

function nameDifferences({ sizes, oddities }: DeliverySource, { files }: DeliveredManifest): Difference[] {
  const listed = new Set(files.map(({ name }) => name))
  const missing = files.filter(({ name }) => !sizes.has(name))
  const extra = [...sizes.keys()].filter((name) => !listed.has(name) && name !== MANIFEST)
  return [
    ...missing.map(({ name }): Difference => ({ file: name, what: 'missing', expected: 'there', found: 'not there' })),
    ...extra.map((name): Difference => ({ file: name, what: 'extra', expected: 'not there', found: 'there' })),
    ...oddities.map(({ name, problem }): Difference => {
      return { file: name, what: problem, expected: problem === 'twice' ? 'once' : 'a file', found: problem }
    }),
  ]
}

type Listed = DeliveredManifest['files'][number]

/** More bytes than the manifest says are not even read. */
async function fileDifferences(
  source: DeliverySource,
  { name, rows, bytes, sha256 }: Listed,
  signal: AbortSignal,
): Promise<Difference[]> {
  const differences: Difference[] = []
  const compare = (what: What, expected: string | number, found: string | number) => {
    if (expected !== found) differences.push({ file: name, what, expected: String(expected), found: String(found) })
  }
  const size = source.sizes.get(name) ?? 0
  compare('bytes', bytes, size)
  if (size > bytes) return differences
  try {
    compare('sha256', sha256, await sha256Of(source.read(name)))
    const counted = await countRows(source, name)
    if (counted !== null) compare('rows', rows, counted)
  } catch (error) {
    signal.throwIfAborted()
    differences.push({ file: name, what: 'damaged', expected: 'readable', found: errorMessage(error) })
  }
  return differences
}

/** The rows of a file as its format counts them; null for a document. Throws when the file is damaged. */
async function countRows(source: DeliverySource, name: string): Promise<number | null> {
  const file = formatOfFile(name)
  if (!file) return null
  const { format, gzip } = file
  return await format.count({
    bytes: () => (gzip && format.isText ? unpacked(source.read(name), source.sizes.get(name) ?? 0) : source.read(name)),
    withPath: (body) => withFile(source, name, async (path) => body(path)),
  })
}

function interruptible(source: DeliverySource, signal: AbortSignal): DeliverySource {
  return {
    ...source,
    async *read(name) {
      for await (const chunk of source.read(name)) {
        signal.throwIfAborted()
        yield chunk
      }
    },
  }
}

const MOST_BYTES = 4 << 20
const HINT = 'name the folder or the zip that chpipe export wrote, with its manifest.json'

/** A plain name: nothing that leads to another folder, and no control characters. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/)

const schema = z.object({
  schema_version: z.number().int(),
  program_version: z.string().max(100),
  as_of: z.iso.datetime(),
  checkpoint: z.string().max(100).optional(),
  files: z
    .array(
      z.object({
        name,
        rows: z.number().int().nonnegative(),
        bytes: z.number().int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(1000)
    .refine((files) => new Set(files.map((file) => file.name)).size === files.length, 'a file is listed twice'),
})

type DeliveredManifest = z.infer<typeof schema>

/** Reads the manifest of a delivery. Throws a `data` error when there is none, or it is not one of chpipe's. */
async function readManifest(source: DeliverySource, where: string): Promise<DeliveredManifest> {
  const size = source.sizes.get(MANIFEST)
  const refuse = (what: string, cause?: unknown) => new ChpipeError('data', `${what}: ${where}`, { hint: HINT, cause })
  if (size === undefined) throw refuse(`There is no ${MANIFEST}`)
  if (source.oddities.some((odd) => odd.name === MANIFEST)) throw refuse(`${MANIFEST} is there twice`)
  if (size > MOST_BYTES) throw refuse(`${MANIFEST} is too big for a manifest (${size} bytes)`)
  let value: unknown
  try {
    const chunks: Buffer[] = []
    for await (const chunk of source.read(MANIFEST)) chunks.push(chunk)
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw refuse(`${MANIFEST} cannot be read`, error)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw refuse(`${MANIFEST} is not one of chpipe's (${issue?.path.join('.') || 'as a whole'}: ${issue?.message})`)
}

/** The checkpoint of the newest delta or delivery that lies at a destination, a folder or a zip; null where none can be read. */
export async function deliveredCheckpoint(destination: string): Promise<string | null> {
  const delta = newestDelta(destination)
  return (delta && (await checkpointAt(delta))) ?? (await checkpointAt(destination))
}

async function checkpointAt(path: string): Promise<string | null> {
  try {
    const source = await openSource(path)
    try {
      return (await readManifest(source, path)).checkpoint ?? null
    } finally {
      await source.close()
    }
  } catch {
    return null
  }
}
