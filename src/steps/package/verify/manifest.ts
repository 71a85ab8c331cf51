import { z } from 'zod'
import { ChpipeError } from '../../../errors.ts'
import { MANIFEST } from '../../export/delivery.ts'
import type { Source } from './source.ts'

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

export type DeliveredManifest = z.infer<typeof schema>

/** Reads the manifest of a delivery. Throws a `data` error when there is none, or it is not one of chpipe's. */
export async function readManifest(source: Source, where: string): Promise<DeliveredManifest> {
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
