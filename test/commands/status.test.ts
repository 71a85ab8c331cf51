import { Writable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createStatus } from '../../src/commands/output.ts'
import { createContext, type Host } from '../../src/context.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

/** What a terminal of so many columns is sent by a status line that is shown twice. */
async function shownOnTerminal(env: Record<string, string>, columns = 80): Promise<string> {
  let written = ''
  const terminal = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk
      done()
    },
  })
  const still = () => true
  const host = {
    argv: [],
    env,
    cwd: () => '/nowhere',
    stdin: process.stdin,
    stdout: terminal,
    stderr: Object.assign(terminal, { isTTY: true, columns, cursorTo: still, clearLine: still, moveCursor: still }),
    on: still,
    off: still,
    exit: still,
  } satisfies Host
  {
    using status = await createStatus(createContext(host, {}, new AbortController().signal))
    status.update('12 companies')
    await vi.waitFor(() => expect(written).toContain('12 companies'))
    status.update('13 companies')
    await vi.waitFor(() => expect(written).toContain('13 companies'))
  }
  return written
}

describe('the status line on a terminal', () => {
  const COLOUR = /\x1b\[3\dm/

  it('turns in colour, but not under NO_COLOR', async () => {
    vi.stubEnv('FORCE_COLOR', '1')
    expect(await shownOnTerminal({})).toContain('12 companies')
    expect(await shownOnTerminal({ NO_COLOR: '1' })).not.toMatch(COLOUR)
  })

  it('is drawn in bounds on a terminal that says it is 0 columns wide', async () => {
    expect((await shownOnTerminal({}, 0)).length).toBeLessThan(1000)
  })
})
