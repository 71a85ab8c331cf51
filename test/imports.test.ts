import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** From the top of the house to its foundation: what stands on a line may import what stands below it. */
const FLOORS = [
  ['main'],
  ['command-line'],
  ['commands'],
  ['context', 'sandbox'],
  ['http'],
  ['steps'],
  ['companies-house', 'snov'],
  ['upstream'],
  ['quota'],
  ['db'],
  [
    'errors',
    'settings',
    'clock',
    'text',
    'log',
    'print',
    'files',
    'names',
    'company-number',
    'metrics',
    'postcode',
    'heap-space',
    'postgres-url',
    'signed',
    'thread',
    'version',
  ],
]

/**
 * Which rooms of its own floor a room may use; its own files and those that lie beside the rooms are always at hand, and
 * these use a room only where it stands under `.`.
 */
const ROOMS: Record<string, Record<string, string[]>> = {
  commands: { '.': ['demo'], demo: [] },
  steps: {
    companies: ['export'],
    officers: [],
    pscs: [],
    stream: ['companies', 'officers'],
    purchases: [],
    enrich: ['officers', 'purchases'],
    export: ['purchases'],
    publish: [],
    suppress: ['officers', 'purchases'],
    audit: ['companies', 'officers', 'stream'],
    progress: ['stream'],
    backup: [],
    doctor: ['backup', 'publish', 'stream'],
    show: ['purchases'],
    notices: ['stream'],
  },
  'companies-house': { '.': ['register'], register: [], stream: ['pscs'], bulk: ['register'], pscs: ['register'] },
  db: {
    '.': ['schema'],
    schema: [],
    companies: [],
    officers: ['suppress'],
    pscs: ['stream', 'suppress'],
    stream: [],
    jobs: ['companies'],
    purchases: [],
    dataset: ['suppress'],
    suppress: ['purchases'],
    served: ['dataset', 'suppress'],
    postgres: [],
    quota: ['postgres'],
  },
  sandbox: {
    kit: ['world'],
    world: [],
    'companies-house': ['kit', 'world'],
    stream: ['kit', 'world', 'companies-house'],
    snov: ['kit', 'world'],
  },
}

/** The sandbox is a stranger to the pipeline that it tests: it shares only a few leaves with it. */
const SANDBOX_MAY_USE = ['errors', 'clock', 'text']

const PACKAGE_OWNERS: Record<string, string[]> = {
  'drizzle-orm': ['db'],
  'better-sqlite3': ['db'],
  pg: ['db'],
  'pg-copy-streams': ['db'],
  hono: ['http'],
  '@hono': ['http'],
  '@modelcontextprotocol': ['http'],
  ky: ['upstream'],
  undici: ['upstream'],
  commander: ['command-line'],
  ora: ['commands'],
  'cli-table3': ['commands'],
  tldts: ['steps'],
  'email-providers': ['steps'],
}

interface Import {
  specifier: string
  /** How it is loaded: erased, at the start, or when it is asked for. */
  kind: 'type' | 'static' | 'lazy'
}

describe('the imports of src', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

  it('point down the house', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(files.flatMap((file) => faults(toPosix(file), readFileSync(join(SRC, file), 'utf8')))).toEqual([])
  })

  it('never lead back to where they began', () => {
    const sources = files.map((file): [string, string] => [toPosix(file), readFileSync(join(SRC, file), 'utf8')])
    expect(circles(new Map(sources))).toEqual([])
  })
})

describe('the rules about imports', () => {
  const refused: [file: string, source: string, fault: string][] = [
    ['db/open.ts', `import { x } from '../steps/x.ts'`, 'db/open.ts may not import ../steps/x.ts: it lies above'],
    ['db/open.ts', `import type { X } from '../context.ts'`, 'db/open.ts may not import ../context.ts: it lies above'],
    ['db/open.ts', `export * from '../quota/rule.ts'`, 'db/open.ts may not import ../quota/rule.ts: it lies above'],
    [
      'quota/rule.ts',
      `import {\n  a,\n  b,\n} from '../commands/x.ts'`,
      'quota/rule.ts may not import ../commands/x.ts: it lies above',
    ],
    [
      'steps/audit/x.ts',
      `const { c } = await import('../../context.ts')`,
      'steps/audit/x.ts may not import ../../context.ts: it lies above',
    ],
    ['steps/export/x.ts', `import '../../main.ts'`, 'steps/export/x.ts may not import ../../main.ts: it lies above'],
    ['errors.ts', `import { write } from './db/open.ts'`, 'errors.ts may not import ./db/open.ts: it lies above'],
    [
      'context.ts',
      `import { x } from './sandbox/x.ts'`,
      'context.ts may not import ./sandbox/x.ts: only commands use the sandbox',
    ],
    [
      'steps/audit/x.ts',
      `import { x } from '../../sandbox/x.ts'`,
      'steps/audit/x.ts may not import ../../sandbox/x.ts: only commands use the sandbox',
    ],
    [
      'sandbox/kit/x.ts',
      `import { x } from '../../db/open.ts'`,
      'sandbox/kit/x.ts may not import ../../db/open.ts: the sandbox stands alone',
    ],
    [
      'sandbox/kit/x.ts',
      `import { x } from '../../context.ts'`,
      'sandbox/kit/x.ts may not import ../../context.ts: the sandbox stands alone',
    ],
    [
      'context.ts',
      `import { openDb } from './db/open.ts'`,
      'context.ts may not import ./db/open.ts: the context loads it lazily',
    ],
    [
      'steps/audit/x.ts',
      `import { eq } from 'drizzle-orm'`,
      'steps/audit/x.ts may not import drizzle-orm: it belongs to db',
    ],
    [
      'commands/x.ts',
      `import Database from 'better-sqlite3'`,
      'commands/x.ts may not import better-sqlite3: it belongs to db',
    ],
    [
      'commands/x.ts',
      `import { x } from 'drizzle-orm/sqlite-core'`,
      'commands/x.ts may not import drizzle-orm/sqlite-core: it belongs to db',
    ],
    [
      'steps/audit/x.ts',
      `const { default: ora } = await import('ora')`,
      'steps/audit/x.ts may not import ora: it belongs to commands',
    ],
    ['db/x.ts', `import Table from 'cli-table3'`, 'db/x.ts may not import cli-table3: it belongs to commands'],
    [
      'context.ts',
      `import { Command } from 'commander'`,
      'context.ts may not import commander: it belongs to command-line',
    ],
    ['http/x.ts', `import { x } from '../commands/x.ts'`, 'http/x.ts may not import ../commands/x.ts: it lies above'],
    [
      'steps/audit/x.ts',
      `import { serve } from '@hono/node-server'`,
      'steps/audit/x.ts may not import @hono/node-server: it belongs to http',
    ],
    [
      'steps/stream/x.ts',
      `import { x } from '../enrich/x.ts'`,
      'steps/stream/x.ts may not import ../enrich/x.ts: stream may not use enrich',
    ],
    [
      'db/x.ts',
      `import type { X } from './stream/x.ts'`,
      'db/x.ts may not import ./stream/x.ts: the files beside the rooms may not use stream',
    ],
    ['steps/mail/x.ts', `import { x } from './y.ts'`, 'steps/mail/x.ts belongs to no room of steps'],
    ['steps/x.ts', `import { x } from '../db/open.ts'`, 'steps/x.ts belongs to no room of steps'],
    ['utils/x.ts', `import { join } from 'node:path'`, 'utils/x.ts belongs to no floor of the house'],
    [
      'db/x.ts',
      `import { x } from '../helpers/x.ts'`,
      'db/x.ts may not import ../helpers/x.ts: it belongs to no floor',
    ],
  ]

  it.each(refused)('%s: refuses %s', (file, source, fault) => {
    expect(faults(file, source)).toEqual([fault])
  })

  const allowed: [file: string, source: string][] = [
    [
      'main.ts',
      `import { commands } from './commands/index.ts'\nimport packageJson from '../package.json' with { type: 'json' }`,
    ],
    ['commands/demo/x.ts', `import { startSandbox } from '../../sandbox/sandbox.ts'\nimport Table from 'cli-table3'`],
    ['commands/x.ts', `import { readX } from '../db/x.ts'`],
    ['context.ts', `import type { Db } from './db/open.ts'\nconst { openDb } = await import('./db/open.ts')`],
    ['upstream/x.ts', `import { request } from 'node:http'\nimport { x } from '../errors.ts'`],
    ['snov/x.ts', `import { x } from '../upstream/x.ts'\nimport { y } from '../quota/allowance.ts'`],
    ['db/x.ts', `import { eq } from 'drizzle-orm'\nimport { join } from 'node:path'\nimport { y } from './y.ts'`],
    ['sandbox/kit/x.ts', `import { parseDuration } from '../../clock.ts'\nimport { y } from './y.ts'`],
    ['log.ts', `import { printable } from './text.ts'`],
    ['steps/doctor/x.ts', `import { x } from '../stream/report.ts'\nimport { y } from '../../db/stream/cursor.ts'`],
    ['db/stream/x.ts', `import { x } from '../open.ts'\nimport { y } from './y.ts'`],
  ]

  it.each(allowed)('%s: allows %s', (file, source) => {
    expect(faults(file, source)).toEqual([])
  })
})

describe('the search for circles', () => {
  const importing = (...specifiers: string[]) => specifiers.map((path) => `import type { X } from '${path}'`).join('\n')

  it('finds every way back, of two files or more, also through types', () => {
    const sources = new Map([
      ['a/x.ts', importing('../b/y.ts', './z.ts')],
      ['b/y.ts', importing('../c.ts')],
      ['c.ts', importing('./a/x.ts')],
      ['a/z.ts', importing('./w.ts')],
      ['a/w.ts', `import { z } from './z.ts'`],
      ['apart.ts', importing('./c.ts')],
    ])
    expect(circles(sources)).toEqual(['a/x.ts > b/y.ts > c.ts > a/x.ts', 'a/w.ts > a/z.ts > a/w.ts'])
  })

  it('leaves what is loaded when it is asked for', () => {
    expect(
      circles(
        new Map([
          ['a.ts', `import './b.ts'`],
          ['b.ts', `await import('./a.ts')`],
        ]),
      ),
    ).toEqual([])
  })
})

/** The ways that lead back to where they began, each once. */
function circles(sources: Map<string, string>): string[] {
  const found = new Map<string, string>()
  const done = new Set<string>()
  const visit = (file: string, way: string[]) => {
    const at = way.indexOf(file)
    if (at >= 0) {
      const circle = way.slice(at)
      found.set([...circle].sort().join(' '), [...rotated(circle), rotated(circle)[0]].join(' > '))
      return
    }
    if (done.has(file)) return
    for (const { specifier, kind } of importsOf(sources.get(file) ?? '')) {
      const target = posix.join(posix.dirname(file), specifier)
      if (kind !== 'lazy' && specifier.startsWith('.') && sources.has(target)) visit(target, [...way, file])
    }
    done.add(file)
  }
  for (const file of sources.keys()) visit(file, [])
  return [...found.values()]
}

/** The same circle, told from its first file in the order of names. */
function rotated(circle: string[]): string[] {
  const first = circle.indexOf([...circle].sort()[0] ?? '')
  return [...circle.slice(first), ...circle.slice(0, first)]
}

/** What is wrong with the imports of one file, a sentence each; `file` is its path below src. */
function faults(file: string, source: string): string[] {
  const room = roomOf(file)
  if (floorOf(room) === -1) return [`${file} belongs to no floor of the house`]
  if (ROOMS[room] && !ROOMS[room][innerRoomOf(file)]) return [`${file} belongs to no room of ${room}`]
  return importsOf(source).flatMap(({ specifier, kind }) => {
    const reason = specifier.startsWith('.') ? wrongArrow(file, specifier, kind) : wrongPackage(room, specifier)
    return reason ? [`${file} may not import ${specifier}: ${reason}`] : []
  })
}

function wrongArrow(file: string, specifier: string, kind: Import['kind']): string | null {
  const target = posix.join(posix.dirname(file), specifier)
  const from = roomOf(file)
  if (target === '../package.json' || (from === 'version' && target.startsWith('../drizzle/'))) return null
  const to = roomOf(target)
  if (floorOf(to) === -1) return 'it belongs to no floor'
  if (from === to) return wrongRoom(from, innerRoomOf(file), innerRoomOf(target))
  if (from === 'sandbox') return SANDBOX_MAY_USE.includes(to) ? null : 'the sandbox stands alone'
  if (to === 'sandbox') return from === 'commands' ? null : 'only commands use the sandbox'
  if (floorOf(to) < floorOf(from)) return 'it lies above'
  const foundation = FLOORS.length - 1
  if (from === 'context' && kind === 'static' && floorOf(to) < foundation) return 'the context loads it lazily'
  return null
}

function wrongRoom(floor: string, from: string, to: string): string | null {
  const rooms = ROOMS[floor]
  if (!rooms || from === to || to === '.' || rooms[from]?.includes(to)) return null
  return `${from === '.' ? 'the files beside the rooms' : from} may not use ${to}`
}

function wrongPackage(room: string, specifier: string): string | null {
  const owned = Object.keys(PACKAGE_OWNERS).find((name) => specifier === name || specifier.startsWith(`${name}/`))
  const owners = owned ? (PACKAGE_OWNERS[owned] ?? []) : [room]
  return owners.includes(room) ? null : `it belongs to ${owners.join(', ')}`
}

function importsOf(source: string): Import[] {
  const declared = source.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm)
  const asked = source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)
  return [
    ...[...declared].map(([, type, specifier = '']): Import => ({ specifier, kind: type ? 'type' : 'static' })),
    ...[...asked].map(([, specifier = '']): Import => ({ specifier, kind: 'lazy' })),
  ]
}

/** The folder below src, or the file's own name for those that lie in src itself. */
function roomOf(path: string): string {
  return path.split('/')[0]?.replace(/\.ts$/, '') ?? ''
}

/** The folder within the floor, or `.` for a file that lies beside the rooms. */
function innerRoomOf(path: string): string {
  const [, room, ...rest] = path.split('/')
  return room === undefined || rest.length === 0 ? '.' : room
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room))
}

function toPosix(path: string): string {
  return path.replaceAll('\\', '/')
}
