// Measures chpipe against plain tools, in one run: `npm run bench`, or `npm run bench export` for one of them;
// `npm run bench -- scale` is by hand only.
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { benchAllowance } from './allowance.ts'
import { benchEnrichment } from './enrichment.ts'
import { benchExport } from './export.ts'
import { benchImportCompanies } from './import-companies.ts'
import { benchImportPscs } from './import-pscs.ts'
import { markdown, type Row } from './measure.ts'
import { benchParquet } from './parquet.ts'
import { benchPublish } from './publish.ts'
import { benchScale } from './scale.ts'
import { benchServe } from './serve.ts'
import { benchSharedAllowance } from './shared-allowance.ts'
import { benchStartUp } from './start-up.ts'
import { benchStream } from './stream.ts'

const BENCHES: Record<string, () => Promise<Row[]>> = {
  'start-up': benchStartUp,
  allowance: benchAllowance,
  'shared-allowance': benchSharedAllowance,
  'import-companies': benchImportCompanies,
  'import-pscs': benchImportPscs,
  export: benchExport,
  parquet: benchParquet,
  publish: benchPublish,
  serve: benchServe,
  stream: benchStream,
  enrichment: benchEnrichment,
}

const [wanted, ...given] = process.argv.slice(2)
if (wanted === 'scale') {
  await benchScale(given)
  process.exit()
}
if (wanted !== undefined && !Object.hasOwn(BENCHES, wanted)) {
  console.error(`There is no bench ${wanted}: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}

const rows: string[][] = []
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted !== undefined && wanted !== name) continue
  console.error(`measuring ${name} ...`)
  for (const row of await bench()) rows.push([row.name, row.ours, row.theirs, row.ratio.toFixed(2), row.target])
}
console.log(`${machine()}\n\n${markdown(['what', 'ours', 'theirs', 'ratio', 'target'], rows)}`)

/** The figures mean little without it. */
function machine(): string {
  const [cpu] = cpus()
  const gigabytes = Math.round(totalmem() / 1024 ** 3)
  const load = loadavg()[0]?.toFixed(1)
  return `${availableParallelism()} cores (${cpu?.model.trim()}), ${gigabytes} GB, Node ${process.version}, load ${load} at the end`
}
