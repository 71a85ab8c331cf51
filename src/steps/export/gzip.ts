import { once } from 'node:events'
import { createGzip } from 'node:zlib'
import type { Output } from './output.ts'

/**
 * Compresses what is written to it into `output`. The header tells neither a time nor a name, so the same text always
 * gives the same bytes.
 */
export function gzipped(output: Output): Pick<Output, 'write'> & { end(): Promise<void> } {
  const gzip = createGzip()
  let ready: Buffer[] = []
  gzip.on('data', (chunk: Buffer) => ready.push(chunk))
  const passOn = async (rows: number) => {
    const chunk = Buffer.concat(ready)
    ready = []
    await output.write(chunk, rows)
  }
  return {
    async write(data, rows) {
      if (data.length > 0) await new Promise<void>((done) => gzip.write(data, () => done()))
      await passOn(rows)
    },
    async end() {
      const ended = once(gzip, 'end')
      gzip.end()
      await ended
      await passOn(0)
    },
  }
}
