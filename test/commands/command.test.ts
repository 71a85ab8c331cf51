import { expectTypeOf, it } from 'vitest'
import type { OptionSpec, OptionsOf } from '../../src/commands/command.ts'
import { count, oneOf, someOf } from '../../src/commands/values.ts'

const SPECS = [
  { flags: '-o, --out <path>', description: '' },
  { flags: '--min-confidence <n>', description: '', parse: count(0) },
  { flags: '--format <format>', description: '', parse: oneOf(['csv', 'json']) },
  { flags: '--type <slugs>', description: '', parse: someOf(['ltd', 'plc']) },
  { flags: '--assign <id...>', description: '' },
  { flags: '--watch [seconds]', description: '', parse: count(1) },
  { flags: '--dry-run', description: '' },
] as const satisfies readonly OptionSpec[]

it('the options of a command have the names and types that their list gives them', () => {
  expectTypeOf<OptionsOf<typeof SPECS>>().toEqualTypeOf<{
    out?: string
    minConfidence?: number
    format?: 'csv' | 'json'
    type?: ('ltd' | 'plc')[]
    assign?: string[]
    watch?: number | true
    dryRun?: boolean
  }>()
})
