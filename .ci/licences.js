// Writes the licences of all packages that are bundled into dist: their authors ask that they go with every copy.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const META = 'dist/meta.json'
const LICENCES = 'dist/THIRD-PARTY-LICENCES'

const { outputs } = JSON.parse(readFileSync(META, 'utf8'))
const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs))
const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []))
const entries = new Map([...folders].map(entryOf))
const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
writeFileSync(LICENCES, `chpipe contains these packages.\n\n${sorted.join('\n')}`)
rmSync(META)

/** Some packages are there several times, in one version or in more. */
function entryOf(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const id = `${name} ${version}`
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  const by = typeof author === 'string' ? author : author?.name
  const declared = `${license ?? 'see the package'}${by ? `, ${by}` : ''}`
  return [id, `${'-'.repeat(80)}\n${id} (${declared})\n\n${texts.length > 0 ? `${texts.join('\n\n')}\n` : ''}`]
}
