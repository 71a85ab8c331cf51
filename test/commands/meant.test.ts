import { describe, expect, it } from 'vitest'
import { commands } from '../../src/commands/index.ts'
import { meantCommand } from '../../src/commands/meant.ts'
import { run } from '../host.ts'

const names = commands.map(({ name }) => name)

describe('a word of another program', () => {
  it.each([
    ['status', 'progress'],
    ['staus', 'progress'],
    ['Status', 'progress'],
    ['version', '--version'],
    ['verison', '--version'],
    ['search', 'find'],
    ['import', 'import-companies'],
    ['tokens', 'token'],
    ['login', 'init'],
  ])('%s means %s', async (word, meant) => {
    expect(meantCommand(word, names)).toBe(meant)
    const { code, stdout, stderr } = await run([word])
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      `error: Unknown command '${word}'\ntry: Did you mean chpipe ${meant}?\n`,
    ])
    const topic = await run(['help', word])
    expect([topic.code, topic.stderr]).toEqual([
      2,
      `error: Unknown command or topic '${word}'\ntry: Did you mean chpipe ${meant}?\n`,
    ])
  })

  it.each(['exprot', 'shwo', 'strem', 'x', '', 'xyzzy', 'everything'])('%j is none', (word) => {
    expect(meantCommand(word, names)).toBeNull()
  })

  it('names only commands that exist', () => {
    for (const word of ['watch', 'package', 'verify', 'erase', 'health', 'api', 'load']) {
      expect(names).toContain(meantCommand(word, names)?.split(' ')[0])
    }
  })
})

describe('a group of commands', () => {
  it.each(['suppress', 'token'])('%s alone shows its help', async (group) => {
    const alone = await run([group])
    expect(alone).toEqual({ ...(await run([group, '--help'])), code: 0, stderr: '' })
    expect(alone.stdout).toContain(`Usage: chpipe ${group} `)
    expect((await run(['--quiet', group])).stdout).toBe(alone.stdout)
    expect(await run([group, '--json'])).toEqual({
      code: 2,
      stdout: '',
      stderr: `{"error":{"kind":"usage","message":"No command is named","hint":"chpipe ${group} --help"}}\n`,
    })
  })
})

describe('help', () => {
  it('stays within 100 columns, and breaks between words', async () => {
    for (const { name } of commands) {
      const { stdout } = await run([name, '--help'])
      expect(stdout.split('\n').filter((line) => line.length > 100 && !/^ {2}\$ /.test(line))).toEqual([])
    }
    const { stdout } = await run(['--help'])
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([])
    expect(stdout).toMatch(/\n {2}environment, exit-codes, .*man\n/s)
  })
})
