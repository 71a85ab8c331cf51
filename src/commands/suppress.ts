import type { CommandGroup } from './command.ts'
import { addVerb } from './suppress/add.ts'
import { importVerb } from './suppress/import.ts'
import { listVerb } from './suppress/list.ts'
import { removeVerb } from './suppress/remove.ts'

export const suppressCommand: CommandGroup = {
  name: 'suppress',
  summary: 'Keep people and companies out of enrichment and export',
  description: `Keeps a list of e-mail addresses, domains, companies and people who must be left alone. They are neither enriched nor
exported, and stay so when their data is imported or refreshed again. Addresses are kept as hashes only.`,
  verbs: [addVerb, listVerb, importVerb, removeVerb],
}
