import { ChpipeError } from '../errors.ts'
import type { Command } from './command.ts'
import { bashCompletion } from './completion/bash.ts'
import { fishCompletion } from './completion/fish.ts'
import { readGrammar } from './completion/grammar.ts'
import { zshCompletion } from './completion/zsh.ts'
import { oneOf } from './parse.ts'

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }
const shellNames = ['bash', 'zsh', 'fish'] as const

export const completionCommand: Command = {
  name: 'completion',
  summary: 'Print the completion script for bash, zsh or fish',
  description: `Prints a script that lets your shell complete the commands, verbs, options, files and known values of chpipe when you
press TAB. It holds all it needs: chpipe is not started while you type. Load it in the file that your shell reads at its
start, and make it again after an upgrade.`,
  argument: { name: '<shell>', description: shellNames.join(', '), choices: shellNames },
  options: [],
  examples: [
    { line: 'source <(chpipe completion bash)', does: 'a line for ~/.bashrc' },
    { line: 'source <(chpipe completion zsh)', does: 'a line for ~/.zshrc, below compinit' },
    { line: 'chpipe completion fish > ~/.config/fish/completions/chpipe.fish', does: 'once, for fish' },
  ],
  async run({ print }, { argument = '' }) {
    const shell = knownShell(argument)
    await print(shells[shell](await readGrammar()))
    return 0
  },
}

function knownShell(text: string): (typeof shellNames)[number] {
  try {
    return oneOf(shellNames)(text)
  } catch (cause) {
    const hint = cause instanceof ChpipeError ? cause.hint : undefined
    throw new ChpipeError('usage', `There is no completion for this shell: ${text}`, {
      hint: hint ?? `chpipe completion ${shellNames.join('|')}`,
      cause,
    })
  }
}
