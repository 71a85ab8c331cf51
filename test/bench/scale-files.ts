// The three files of Companies House for a register of any size: a small synthetic register, drawn from a seed, is
// repeated under other numbers, so that millions of lines take seconds.
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeBulkOfficers } from '../../src/sandbox/world/bulk-officers.ts'
import { type PscTruth, pscSnapshotLines } from '../../src/sandbox/world/psc-snapshot.ts'
import { registerFileRows } from '../../src/sandbox/world/register-file.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'

const SEED = 1
const TODAY = '2026-01-31'
/** Companies of the small register; those that are closed are in no register file. */
const DRAWN = 11_000
/** The register file is in the order of names: numbers come in no order. The step is a prime. */
const STRIDE = 1_000_003
/** People of one repetition are others than those of the next. */
const PEOPLE_EACH = 100_000

/** A company of the small register, with its lines. */
interface Template {
  number: string
  /** Its letters, and its place among those that begin with them. */
  letters: string
  place: number
  register: string
  officers: string[]
  pscs: Record<Sort, string[]>
}

type Sort = 'persons' | 'statements' | 'exemptions'
const SORTS: readonly Sort[] = ['persons', 'statements', 'exemptions']

/** What the files of a register are made of; the same for every size. */
export interface ScaleSource {
  registerHeader: string
  officersHeader: string
  templates: Template[]
  /** How many companies begin with these letters. */
  places: Map<string, number>
}

/** Draws the small register. */
export async function drawScaleSource(): Promise<ScaleSource> {
  const world = createWorld({ seed: SEED, companies: DRAWN, today: TODAY })
  const [registerHeader = '', ...rows] = registerFileRows(world)
  const officers = await officerLines(world)
  const pscs = Object.fromEntries(SORTS.map((sort) => [sort, new Map<string, string[]>()])) as Record<
    Sort,
    Map<string, string[]>
  >
  const counts: PscTruth = { persons: 0, statements: 0, exemptions: 0 }
  for (const line of pscSnapshotLines(world, counts)) {
    const number = /^\{"company_number":"([^"]+)"/.exec(line)?.[1]
    const sort = counts.exemptions > 0 ? 'exemptions' : counts.statements > 0 ? 'statements' : 'persons'
    if (number) gather(pscs[sort], number, line)
  }
  const places = new Map<string, number>()
  const templates = rows.map((register): Template => {
    const number = /^"(?:[^"]|"")*","([A-Z0-9]{8})"/.exec(register)?.[1] ?? ''
    const letters = /^[A-Z]*/.exec(number)?.[0] ?? ''
    const place = places.get(letters) ?? 0
    places.set(letters, place + 1)
    const own = (sort: Sort) => pscs[sort].get(number) ?? []
    const lines = { persons: own('persons'), statements: own('statements'), exemptions: own('exemptions') }
    return { number, letters, place, register, officers: officers.lines.get(number) ?? [], pscs: lines }
  })
  return { registerHeader, officersHeader: officers.header, templates, places }
}

async function officerLines(world: Parameters<typeof writeBulkOfficers>[0]) {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  try {
    await writeBulkOfficers(world, folder)
    const lines = new Map<string, string[]>()
    let header = ''
    for (const name of readdirSync(folder).filter((one) => one.startsWith('Prod216'))) {
      const [first = '', ...others] = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
      header = first
      for (const line of others.slice(0, -1)) gather(lines, line.slice(0, 8), line)
    }
    return { header, lines }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function gather(groups: Map<string, string[]>, key: string, line: string): void {
  const group = groups.get(key)
  if (group) group.push(line)
  else groups.set(key, [line])
}

/** The number of a company in a repetition, counted from 0; in the first one as well it is not that of the template. */
export function scaleNumber({ places }: ScaleSource, { letters, place }: Template, repetition: number): string {
  const ordinal = repetition * (places.get(letters) ?? 0) + place + 1
  return letters + String(ordinal).padStart(8 - letters.length, '0')
}

/** Which template, in which repetition, the company at an index of the register is. */
function at({ templates }: ScaleSource, index: number): { template: Template; repetition: number } {
  const template = templates[index % templates.length]
  if (!template) throw new RangeError('the small register is empty')
  return { template, repetition: Math.floor(index / templates.length) }
}

/** Writes the register file of so many companies, in no order of their numbers. */
export function writeScaleRegister(source: ScaleSource, companies: number, path: string): void {
  writeLines(path, function* () {
    yield source.registerHeader
    for (let turn = 0; turn < companies; turn += 1) {
      const { template, repetition } = at(source, (turn * STRIDE) % companies)
      const line = template.register.replaceAll(template.number, scaleNumber(source, template, repetition))
      const end = line.indexOf('","')
      const blank = line.lastIndexOf(' ', end)
      const behind = blank === -1 ? end : blank
      yield `${line.slice(0, behind)} ${word(repetition)}${line.slice(behind)}`
    }
  })
}

/** Letters instead of a number, so that names stay names. */
function word(ordinal: number): string {
  return [...String(ordinal)].map((digit) => 'BCDFGHKLMN'[Number(digit)]).join('')
}

/** Writes a snapshot of the officers of the first companies, one part, and returns its path. */
export function writeScaleOfficers(source: ScaleSource, companies: number, folder: string): string {
  mkdirSync(folder, { recursive: true })
  const run = source.officersHeader.slice(8, 12)
  const path = join(folder, `Prod216_${run}_ew_1.dat`)
  writeLines(path, function* () {
    yield source.officersHeader
    let records = 0
    for (let index = 0; index < companies; index += 1) {
      const { template, repetition } = at(source, index)
      const number = scaleNumber(source, template, repetition)
      for (const line of template.officers) {
        records += 1
        yield line[8] === '1' ? number + line.slice(8) : number + ofAnotherPerson(line, repetition)
      }
    }
    yield `99999999${String(records).padStart(8, '0')}`
  })
  return path
}

/** The record behind its company number, with another person number: the first and the last four digits mean something. */
function ofAnotherPerson(line: string, repetition: number): string {
  const digits = (Number(line.slice(13, 20)) + repetition * PEOPLE_EACH) % 10_000_000
  return line.slice(8, 13) + String(digits).padStart(7, '0') + line.slice(20)
}

/** Writes the snapshot of persons with significant control of so many companies. */
export function writeScalePscs(source: ScaleSource, companies: number, path: string): void {
  writeLines(path, function* () {
    const counts: PscTruth = { persons: 0, statements: 0, exemptions: 0 }
    for (const sort of SORTS) {
      for (let index = 0; index < companies; index += 1) {
        const { template, repetition } = at(source, index)
        if (template.pscs[sort].length === 0) continue
        const number = scaleNumber(source, template, repetition)
        for (const line of template.pscs[sort]) {
          counts[sort] += 1
          yield line.replaceAll(template.number, number)
        }
      }
    }
    yield JSON.stringify({
      data: {
        kind: 'totals#persons-of-significant-control-snapshot',
        persons_of_significant_control_count: counts.persons,
        statements_count: counts.statements,
        exemptions_count: counts.exemptions,
        generated_at: `${TODAY}T03:40:50+01:00`,
      },
    })
  })
}

const CHUNK = 1 << 20

function writeLines(path: string, lines: () => Generator<string>): void {
  const file = openSync(path, 'w')
  let text = ''
  for (const line of lines()) {
    text += `${line}\n`
    if (text.length < CHUNK) continue
    writeSync(file, text)
    text = ''
  }
  writeSync(file, text)
  closeSync(file)
}
