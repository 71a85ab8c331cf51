/** What `chpipe help <topic>` explains; each is a page in `topics/`, or in `deploy/` for going live. */
export interface HelpTopic {
  name: string
  summary: string
}

export const helpTopics: HelpTopic[] = [
  { name: 'environment', summary: 'the variables that chpipe reads, and their defaults' },
  { name: 'exit-codes', summary: 'what scripts may rely on' },
  { name: 'data', summary: 'the tables, how they belong together, and every column' },
  { name: 'allowance', summary: 'how 600 calls in 5 minutes are shared' },
  { name: 'promises', summary: 'what is promised, and what is not' },
  { name: 'bad-input', summary: 'what happens with files and answers that are wrong' },
  { name: 'lawful-use', summary: 'what the law asks of whoever runs chpipe' },
  { name: 'going-live', summary: 'from an empty server to a running stream' },
]

/** The manual page is a topic too, for `man` to read; `reference <command>` is a command in detail, with its output. */
export const topicNames = [...helpTopics.map(({ name }) => name), 'reference', 'man']
