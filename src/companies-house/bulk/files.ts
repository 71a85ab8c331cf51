// Files of the bulk officers products: opened as they come, and what their names say (facts 5.2).
import type { FileKind } from '../register/bytes.ts'
import { openSource, type RegisterSource } from '../register/source.ts'

const BULK: FileKind = {
  ending: /\.(?:dat|txt)$|(?:^|\/)Prod198_\d+$/i,
  called: '.dat or .txt',
  otherwise: 'use the zip exactly as Companies House delivers it',
  again: 'fetch it again from bulk-live.companieshouse.gov.uk',
  name: 'name the files themselves, such as Prod216_4257_ew_1.dat',
}

/** A file as it was named by the operator, or one inside a zip of them. */
export interface BulkFile {
  name: string
  /** Its bytes, decompressed; they can be had once. */
  chunks(): AsyncIterable<Buffer>
}

export interface BulkSources {
  files: BulkFile[]
  bytesRead(): number
  /** Null where an input does not tell. */
  bytesTotal: number | null
  [Symbol.dispose](): void
}

/**
 * Opens files, plain, gzip or zip. Throws a `data` error for what cannot be read, is empty or holds none; the caller
 * disposes of them. Reading rejects with the signal's reason once it aborts.
 */
export async function openBulkFiles(paths: string[], signal: AbortSignal): Promise<BulkSources> {
  const opened: RegisterSource[] = []
  const close = () => {
    for (const source of opened) source.close()
  }
  try {
    for (const path of paths) opened.push(await openSource({ path }, BULK, signal))
  } catch (error) {
    close()
    throw error
  }
  const files = opened.flatMap(({ name, parts }) =>
    parts.map(({ file, chunks }) => ({ name: file === name ? name : `${file} in ${name}`, chunks })),
  )
  const sizes = opened.map(({ bytesTotal }) => bytesTotal)
  return {
    files,
    bytesRead: () => opened.reduce((sum, source) => sum + source.bytesRead(), 0),
    bytesTotal: sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0),
    [Symbol.dispose]: close,
  }
}

export interface BulkName {
  product: '195' | '216' | '198'
  run: number
  /** Such as `ew_1` or `sc`; null for an update, which is whole. */
  part: string | null
}

const NAME = /Prod(195|216|198)_(\d{4})(?:_(?:(ew)_(\d+)|(sc|ni)))?(?:_\d+)?(?:\.(?:dat|txt))?(?:\.gz)?(?: in .*)?$/i

/** What the name of a file says; null for one that was renamed. */
export function readBulkName(name: string): BulkName | null {
  const [, product, run, ew, number, area] = NAME.exec(name) ?? []
  if (product === undefined) return null
  const part = ew ? `ew_${Number(number)}` : (area?.toLowerCase() ?? null)
  return { product: product as BulkName['product'], run: Number(run), part }
}
