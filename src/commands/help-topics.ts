/** What `chpipe help <topic>` can tell about; each is a section of the README, so that the two never differ. */
export interface HelpTopic {
  name: string
  summary: string
  /** The section's heading, without the `## `. */
  section: string
}

export const helpTopics: HelpTopic[] = [
  { name: 'environment', summary: 'the variables that chpipe reads, and their defaults', section: 'Environment' },
  { name: 'exit-codes', summary: 'what scripts may rely on', section: 'Exit codes' },
  { name: 'data', summary: 'the tables, and how they belong together', section: 'The data' },
  { name: 'allowance', summary: 'how 600 calls in 5 minutes are shared', section: 'The allowance' },
  { name: 'promises', summary: 'what is promised, and what is not', section: 'What is promised' },
  {
    name: 'bad-input',
    summary: 'what happens with files and answers that are wrong',
    section: 'When the input is bad',
  },
  { name: 'going-live', summary: 'from an empty server to a running stream', section: 'Going live' },
]

/** The manual page is a topic too, but for `man` to read. */
export const topicNames = [...helpTopics.map(({ name }) => name), 'man']
