// Every table: public ones are the product, working ones serve chpipe itself.
export * from './schema/delivery.ts'
export * from './schema/enrichment.ts'
export * from './schema/imports.ts'
export * from './schema/public.ts'
export * from './schema/quota.ts'
export * from './schema/stream.ts'
