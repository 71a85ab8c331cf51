import type { CommandGroup } from './command.ts'
import { addVerb } from './token/add.ts'
import { listVerb } from './token/list.ts'
import { revokeVerb } from './token/revoke.ts'

export const tokenCommand: CommandGroup = {
  name: 'token',
  summary: 'Give and revoke access to `chpipe serve`',
  description: `Keeps the bearer tokens that may ask \`chpipe serve\`. A token is shown once, when it is made; the database keeps only its
SHA-256 hash. Give every customer one of their own: limits are counted and requests logged by its name.`,
  verbs: [addVerb, listVerb, revokeVerb],
}
