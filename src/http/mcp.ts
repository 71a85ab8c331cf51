// For agents: the lists of the API as tools of the Model Context Protocol, over streamable HTTP. Each call is the request that
// a client would send, so checks, suppression and errors are those of the API.
import { type CallToolResult, createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { changesRoute, companiesRoute, companyRoute, officersRoute } from './routes.ts'

/** Where agents ask, with POST. */
export const MCP_PATH = '/mcp'

/** The longest call that is read; a call with every filter takes less than 3 kB. */
export const MAX_CALL_BYTES = 64 * 1024

/** Items of a page unless the agent says how many: it has to read them all. */
const FEW = 20

const TOOLS = [
  { name: 'search_companies', route: companiesRoute },
  { name: 'get_company', route: companyRoute },
  { name: 'list_officers', route: officersRoute },
  { name: 'list_changes', route: changesRoute },
] as const

const INSTRUCTIONS = `Companies on the UK register with their officers, domains and e-mail addresses, read-only. Company numbers have
eight characters and join everything. Lists come in pages: call again with the same arguments and the cursor that came last. People
who objected are left out. Names, dates of birth and addresses are personal data: ask for no more than the task needs.`

/** Answers a GET of the API for the caller who was let in. */
export type Ask = (path: string) => Promise<Response>

export type Paths = Record<string, { get?: unknown } | undefined>

interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  schema?: { type?: string; description?: string; [keyword: string]: unknown }
}

/**
 * Makes the function that answers a request of an agent, which is a call of its own: nothing is kept between two. `paths` are
 * those of the description, from which the tools take what they accept.
 */
export function agentAnswers(version: string, paths: Paths): (request: Request, ask: Ask) => Promise<Response> {
  const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false }
  const tools = TOOLS.map(({ name, route: { path, summary, description } }) => {
    const parameters = parametersOf(paths, path)
    const about = { title: summary, description, inputSchema: inputSchema(parameters), annotations }
    return { name, path, parameters, about }
  })
  return (request, ask) => {
    const handler = createMcpHandler(
      () => {
        const server = new McpServer({ name: 'chpipe', version }, { instructions: INSTRUCTIONS })
        for (const { name, path, parameters, about } of tools) {
          server.registerTool(name, about, async (given) => resultOf(await ask(pathOf(path, parameters, given))))
        }
        return server
      },
      { maxRequestBodySize: MAX_CALL_BYTES, maxSubscriptions: 1 },
    )
    return handler.fetch(request)
  }
}

function parametersOf(paths: Paths, path: string): Parameter[] {
  const { parameters = [] } = (paths[path]?.get ?? {}) as { parameters?: Parameter[] }
  return parameters.filter((parameter) => parameter.in !== 'header')
}

function inputSchema(parameters: Parameter[]) {
  const properties = parameters.map(({ name, description, schema = {} }) => {
    const { example, ...rest } = schema
    const shown = example === undefined ? {} : { examples: [example] }
    return [name, { ...rest, ...shown, description: description ?? schema.description ?? '' }]
  })
  return fromJsonSchema<Record<string, unknown>>({
    type: 'object',
    properties: Object.fromEntries(properties),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  })
}

/** The path with its query, as a client of the API writes it. */
function pathOf(template: string, parameters: Parameter[], given: Record<string, unknown>): string {
  const query = new URLSearchParams()
  let path = template
  for (const { name, in: place } of parameters) {
    const value = given[name] ?? (name === 'limit' ? FEW : undefined)
    if (value === undefined) continue
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(String(value)))
    else query.set(name, String(value))
  }
  return `${path}?${query}`
}

async function resultOf(response: Response): Promise<CallToolResult> {
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok) return { isError: true, content: [{ type: 'text', text: reasonOf(answer) }] }
  const told = 'next' in answer ? paged(answer) : answer
  return { content: [{ type: 'text', text: JSON.stringify(told) }], structuredContent: told }
}

/** An agent calls again with a cursor, and follows no paths. */
function paged({ next, ...page }: Record<string, unknown>): Record<string, unknown> {
  const cursor = typeof next === 'string' ? new URL(next, 'http://api').searchParams.get('cursor') : null
  return { ...page, cursor }
}

function reasonOf({ title, detail, errors }: Record<string, unknown>): string {
  const each = Array.isArray(errors) ? errors.map((error) => `${error.parameter} ${error.detail}`) : []
  return [detail ?? title, ...each].join('; ')
}
