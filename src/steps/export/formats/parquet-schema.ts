// The schema of a Parquet file: every column may be empty, and days, moments, whole numbers, truth and JSON have types.
import { logicalType } from 'hyparquet-writer/src/metadata.js'
import type { Column } from '../../../db/dataset/columns.ts'
import { isDay } from './writer.ts'

/** The part of the format's definition that is used here. */
export interface SchemaElement {
  name: string
  type: 'BOOLEAN' | 'INT32' | 'INT64' | 'BYTE_ARRAY'
  repetition_type: 'OPTIONAL'
  converted_type?: 'UTF8' | 'JSON' | 'DATE' | 'TIMESTAMP_MILLIS'
  logical_type?: { type: 'TIMESTAMP'; isAdjustedToUTC: true; unit: 'MILLIS' }
}

/** Readers that know no logical types read the older word for the same. */
const INSTANT = {
  converted_type: 'TIMESTAMP_MILLIS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
} as const

/** The element of a column. */
export function schemaElement(column: Column): SchemaElement {
  const { name, kind } = column
  const optional = { name, repetition_type: 'OPTIONAL' } as const
  if (kind === 'number') return { ...optional, type: 'INT32' }
  if (kind === 'truth') return { ...optional, type: 'BOOLEAN' }
  if (kind === 'json') return { ...optional, type: 'BYTE_ARRAY', converted_type: 'JSON' }
  if (isDay(column)) return { ...optional, type: 'INT32', converted_type: 'DATE' }
  if (kind === 'date') return { ...optional, type: 'INT64', ...INSTANT }
  return { ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }
}

/** Codes of the format's own definition, `parquet.thrift`. */
export const PARQUET_TYPES = { BOOLEAN: 0, INT32: 1, INT64: 2, BYTE_ARRAY: 6 } as const
const OPTIONAL = 1
const CONVERTED = { UTF8: 0, DATE: 6, TIMESTAMP_MILLIS: 9, JSON: 19 } as const

type Thrift = Record<`field_${number}`, unknown>

/** The schema as the directory of a file has it. */
export function schemaOfFile(elements: SchemaElement[]): Thrift[] {
  const columns = elements.map(
    ({ name, type, converted_type: converted, logical_type: logical }): Thrift => ({
      field_1: PARQUET_TYPES[type],
      field_3: OPTIONAL,
      field_4: name,
      field_6: converted && CONVERTED[converted],
      field_10: logicalType(logical),
    }),
  )
  return [{ field_4: 'schema', field_5: elements.length }, ...columns]
}
