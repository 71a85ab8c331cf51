import type { Page } from '../../db/dataset.ts'
import { gzipped } from './gzip.ts'
import type { Shape } from './shape.ts'

/** The text of one file as it grows: the opening, then what each page adds, then the closing. */
export interface TextFile {
  /** The file's name in a delivery folder. */
  name: string
  opening: string
  /** What a page adds; `rowsBefore` counts the rows that earlier pages added. */
  body(page: Page, rowsBefore: number): { text: string; rows: number }
  closing: string
}

/** The shape of a text file, compressed when `gzip` is set. */
export function textShape({ name, opening, body, closing }: TextFile, gzip: boolean): Shape {
  return {
    name: gzip ? `${name}.gz` : name,
    async open(output) {
      const compressed = gzip ? gzipped(output) : null
      const target = compressed ?? output
      let rowsBefore = 0
      await target.write(opening, 0)
      return {
        passes: 1,
        async add(page) {
          const { text, rows } = body(page, rowsBefore)
          await target.write(text, rows)
          rowsBefore += rows
        },
        async end() {
          await target.write(closing, 0)
          await compressed?.end()
        },
        discard() {},
      }
    },
  }
}
