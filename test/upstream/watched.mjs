// Loaded into a child process before the program: collects garbage all the time where it may (--expose-gc), and leaves
// the largest size that the process ever had, in MB, in the file that MAX_RSS_FILE names.
import { writeFileSync } from 'node:fs'

if (globalThis.gc) setInterval(globalThis.gc, 10).unref()

const file = process.env.MAX_RSS_FILE
if (file) process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS / 1024)))
