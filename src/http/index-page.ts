// The description as a page for people: plain HTML that loads nothing, in the style of the report.
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { type DeliveredTable, dataDictionary } from '../db/dataset/dictionary.ts'
import { contactLink, type Signature } from '../signed.ts'
import { STYLE } from '../steps/export/report/html.ts'
import type { Description } from './description.ts'
import { MCP_PATH } from './mcp.ts'
import { changesRoute, companiesRoute, companyRoute, healthRoute, metricsRoute, officersRoute } from './routes.ts'

export interface IndexPage {
  html: string
  /** The Content-Security-Policy that lets the page use its own style and nothing else. */
  policy: string
}

export interface PageOptions {
  basePath: string
  /** Requests a minute of each token. */
  limitPerMinute: number
  /** Streams of lines that a token may read at once. */
  streamsPerToken: number
  /** Who serves it, and where to ask. */
  signature?: Signature
}

interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  schema?: { type?: string; description?: string; example?: unknown }
}

interface Operation {
  summary: string
  description: string
  security?: unknown[]
  parameters?: Parameter[]
}

type Markup = ReturnType<typeof html>

/** What is asked for as an example: behind the path, and what comes back. */
const SAMPLES: Record<string, { query: string; answer: () => unknown }> = {
  [companiesRoute.path]: {
    query: '?q=hawthorn&limit=1',
    answer: () => ({ items: [sampleRow('companies')], next: '/v1/companies?q=hawthorn&limit=1&cursor=WyJ4Il0' }),
  },
  [companyRoute.path]: {
    query: '',
    answer: () => ({
      ...sampleRow('companies'),
      officers: [{ ...sampleRow('officers'), emails: [sampleRow('emails')] }],
      domains: [sampleRow('domains')],
    }),
  },
  [officersRoute.path]: {
    query: '?surname=smith&active=true',
    answer: () => ({ items: [{ ...sampleRow('officers'), emails: [] }], next: null }),
  },
  [changesRoute.path]: {
    query: '?since=2026-11-23T00:00:00Z',
    answer: () => ({
      items: [{ company_number: '00445790', changed_at: '2026-11-23T15:24:00.000Z', removed: true, company: null }],
      next: null,
      checkpoint: '0123456789abcdef-4711',
    }),
  },
  [healthRoute.path]: { query: '', answer: () => ({ status: 'ok', version: '0.1.0' }) },
}

/** The page for a description; every text in it is escaped. */
export function indexPage({ info, paths = {} }: Description, options: PageOptions): IndexPage {
  const { basePath, signature = {} } = options
  const operations = Object.entries(paths).map(([path, item]) => ({ path, ...(item?.get as unknown as Operation) }))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#paths">To the paths</a>
<header><div class="wrap">
<p class="eyebrow">Version ${info.version}</p>
<h1>${info.title} API</h1>
${signed(signature)}${paragraphs(info.description ?? '')}
<p class="note">Described for programs in <a href="${basePath}/openapi.json">${basePath}/openapi.json</a> (OpenAPI 3.1).</p>
</div></header>
<nav aria-label="Contents"><div class="wrap"><ul>
<li><a href="#token">Your token</a></li>
${operations.filter(({ path }) => path !== '/').map(contentsLine)}<li><a href="#agents">Agents</a></li>
</ul></div></nav>
<main class="wrap" id="paths">
${signingIn(options)}
${operations.map((operation) => section(operation, basePath))}
${agents(basePath)}
</main>
</body>
</html>
`
  const style = createHash('sha256').update(STYLE).digest('base64')
  return {
    html: String(page),
    policy: `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  }
}

function signed({ supplier, contact }: Signature): Markup | string {
  if (!supplier && !contact) return ''
  const link = contact ? contactLink(contact) : null
  const asked = link ? html`<a href="${link}">${contact}</a>` : contact
  return html`<p class="signed">${supplier ? html`Served by <strong>${supplier}</strong>.` : ''}${contact ? html` Questions: ${asked}` : ''}</p>
`
}

function contentsLine({ path }: { path: string }): Markup {
  return html`<li><a href="#${idOf(path)}">${path}</a></li>
`
}

function signingIn({ limitPerMinute, streamsPerToken }: PageOptions): Markup {
  return html`<section id="token"><h2>Your token</h2>
<p>The operator gives you a token. Send it with every request, in a header; a path that needs none says so.</p>
${code(`export TOKEN=chp_...\nexport URL=... # the address of this page`, curl('/v1/companies?limit=1'))}
<p>Without a token, or with a wrong one, the answer is <code>401</code>. A token may ask ${limitPerMinute} times a minute and read
${streamsPerToken} streams of lines at once; then it is told <code>429</code>, and in <code>Retry-After</code> how many seconds to
wait. <code>RateLimit-Remaining</code> says with every answer how many requests are left.</p>
</section>`
}

function section(
  { path, summary, description, security, parameters = [] }: Operation & { path: string },
  base: string,
) {
  const rows = parameters.filter((parameter) => parameter.in !== 'header').map(row)
  const table = html`<div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table class="stack">
<thead><tr><th scope="col">parameter</th><th scope="col">meaning</th><th scope="col">example</th></tr></thead>
<tbody>
${rows}</tbody></table></div>`
  const open = security?.length ? '' : html`<p class="note">Open: it needs no token.</p>`
  return html`<section id="${idOf(path)}"><h2><code>GET ${path}</code></h2>
<p>${marked(`${summary}. ${description}`)}</p>
${open}${rows.length === 0 ? '' : table}
${sample(path, base)}
</section>
`
}

function row({ name, in: place, required, description, schema }: Parameter): Markup {
  const needed = required && place === 'query' ? ' (needed)' : ''
  const example = schema?.example === undefined ? '' : html`<code>${String(schema.example)}</code>`
  const meaning = marked(`${description ?? schema?.description ?? ''}${needed}`)
  return html`<tr><th scope="row" class="names"><code>${name}</code></th><td>${meaning}</td><td class="names"${example === '' ? '' : raw(' data-head="Example"')}>${example}</td></tr>
`
}

function sample(path: string, basePath: string): Markup | string {
  if (path === metricsRoute.path) return code(curl(path))
  const found = SAMPLES[path]
  if (!found) return ''
  const asked = `${path.replace('{company_number}', '00445790')}${found.query}`
  const answer = JSON.stringify(found.answer(), null, 2).replaceAll('"/v1/', `"${basePath}/v1/`)
  return html`<h3>For example</h3>
${code(curl(asked))}
${code(answer)}`
}

/** The columns of a table that have an example, as the API answers with them. */
function sampleRow(table: DeliveredTable): Record<string, unknown> {
  const shown = Object.entries(dataDictionary[table].columns).flatMap(([name, { type, example }]) => {
    if (example === undefined) return []
    if (type === 'list of codes') return [[name, String(example).split(',')]]
    return [[name, type === 'JSON' ? JSON.parse(String(example)) : example]]
  })
  return Object.fromEntries(shown)
}

function agents(basePath: string): Markup {
  const client = { mcpServers: { chpipe: { url: `$URL${MCP_PATH}`, headers: { Authorization: 'Bearer chp_...' } } } }
  return html`<section id="agents"><h2><code>POST ${basePath}${MCP_PATH}</code></h2>
<p>The same for agents: the Model Context Protocol over streamable HTTP, read-only, with the same token and limits. Tell your client
the address and the header:</p>
${code(JSON.stringify(client, null, 2))}
</section>`
}

function curl(path: string): string {
  return `curl -H "Authorization: Bearer $TOKEN" "$URL${path}"`
}

function code(...lines: string[]): Markup {
  return html`<pre tabindex="0"><code>${lines.join('\n')}</code></pre>`
}

function idOf(path: string): string {
  return path === '/' ? 'page' : path.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '')
}

function paragraphs(text: string): Markup[] {
  return text.split(/\n\n+/).map((paragraph) => html`<p>${marked(paragraph)}</p>\n`)
}

/** What stands between backticks is code. */
function marked(text: string): (Markup | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`))
}
