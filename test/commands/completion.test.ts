import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { commands, listCommands } from '../../src/commands/index.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** Bash is everywhere; the scripts for the others are read below also where they are not installed. */
const installed = SHELLS.filter((shell) => spawnSync(shell, ['-c', 'exit']).status === 0)

const names = commands.map(({ name }) => name)

describe.each(installed)('completion in %s', (shell) => {
  const offered: [line: string, wanted: string[]][] = [
    ['chpipe exp', ['export']],
    ['chpipe ', [...names, 'help']],
    ['chpipe --db other.db import-o', ['import-officers']],
    ['chpipe suppress ', ['add', 'list', 'import', 'remove']],
    ['chpipe suppress --json re', ['remove']],
    ['chpipe suppress add --do', ['--domain']],
    ['chpipe stream --max', ['--max-events', '--max-credits']],
    ['chpipe export --log-format ', ['text', 'json']],
    ['chpipe export --format j', ['json']],
    ['chpipe import-companies --status active,liq', ['active,liquidation']],
    ['chpipe sandbox --stream-fault cu', ['cut']],
    ['chpipe import-companies reg', ['register.csv']],
    ['chpipe export --out reg', ['register.csv']],
    ['chpipe import-companies --limit ', []],
    ['chpipe help exi', ['exit-codes']],
    ['chpipe completion ', ['bash', 'zsh', 'fish']],
  ]

  it('offers what may come next', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('register.csv'), '')
    const lines = offered.map(([line]) => line)
    const answers = pressTab(shell, await scriptFor(shell, folder), lines, folder)
    const wanted = offered.map(([line, words]) => [line, words.toSorted()])
    expect(lines.map((line, index) => [line, answers[index]])).toEqual(wanted)
  })

  it('completes a value behind an equals sign', async () => {
    using folder = tempFolder()
    const script = await scriptFor(shell, folder)
    const line = shell === 'bash' ? 'chpipe export --format = nd' : 'chpipe export --format=nd'
    const [[only = ''] = []] = pressTab(shell, script, [line], folder)
    expect(only.replace('--format=', '')).toBe('ndjson')
  })
})

describe.each(SHELLS)('the completion script for %s', (shell) => {
  it('knows every command, verb and option', async () => {
    const { code, stdout, stderr } = await run(['completion', shell])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const catalogue = await listCommands()
    const words = catalogue.flatMap(({ path, options }) => [...path.split(' '), ...options.map(({ long }) => long)])
    expect(words.length).toBeGreaterThan(50)
    const known = new Set(stdout.match(/[\w-]+/g))
    const name = (word: string) => (shell === 'fish' ? word.replace(/^--/, '') : word)
    expect(words.filter((word) => !known.has(name(word)))).toEqual([])
  })
})

describe('chpipe completion', () => {
  it('refuses a shell that it does not know, and names the nearest', async () => {
    expect(await run(['completion', 'zhs'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: There is no completion for this shell: zhs\ntry: Did you mean zsh?\n',
    })
  })

  it('asks for the shell', async () => {
    const { code, stderr } = await run(['completion'])
    expect(code).toBe(2)
    expect(stderr).toContain('argument')
  })
})

async function scriptFor(shell: Shell, folder: TempFolder): Promise<string> {
  const path = folder.file(`completion.${shell}`)
  writeFileSync(path, (await run(['completion', shell])).stdout)
  return path
}

/** What the real shell offers for each line with the cursor at its end, sorted. */
function pressTab(shell: Shell, script: string, lines: string[], folder: TempFolder): string[][] {
  const helper = fileURLToPath(new URL(`completion/press-tab.${shell}`, import.meta.url))
  const quiet = { bash: '--norc', zsh: '-f', fish: '--no-config' }
  const { stdout, stderr, error } = spawnSync(shell, [quiet[shell], helper, script, ...lines], {
    cwd: folder.path,
    encoding: 'utf8',
    timeout: 20_000,
  })
  if (error || stderr) throw new Error(`${shell} failed: ${stderr}`, { cause: error })
  const answers = stdout.split('==\n').slice(0, -1)
  return answers.map((answer) => answer.split('\n').filter(Boolean).toSorted())
}
