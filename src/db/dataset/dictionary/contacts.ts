// The columns of what providers found, and of what a delta says is gone.
import { SUBSCRIBER_CLASSES } from '../../subscribers.ts'
import { chpipe, companyNumber, foundAt, from, NEW, provider, SNOV, type TableEntry } from './entry.ts'

export const domains: TableEntry = {
  row: 'One internet domain that probably belongs to the company.',
  key: ['company_number', 'domain'],
  columns: {
    ...companyNumber(chpipe),
    domain: from(`${SNOV}: domain by company name`).text('Domain without `www.`, in lower case', {
      required: true,
      example: 'hawthornsoftware.example',
    }),
    ...provider('the domain'),
    confidence: chpipe.whole('How well the domain fits the company name, 0 to 100; a rule of thumb, no proof', {
      example: 92,
    }),
    state: chpipe.slug(
      '`found`; `unlikely` when it fits the name too little to buy addresses there; `catch-all` when it takes mail for everybody',
      { required: true, example: 'found' },
    ),
    ...foundAt('the domain'),
  },
}

export const emails: TableEntry = {
  row: 'One e-mail address of one officer at one of the domains.',
  key: ['company_number', 'appointment_id', 'email'],
  columns: {
    ...companyNumber(chpipe),
    appointment_id: chpipe.id('The appointment that it belongs to, as in the officers', { required: true }),
    email: from(`${SNOV}: e-mail by name and domain`).text('Address; personal data', {
      required: true,
      example: 'jane.smith@hawthornsoftware.example',
    }),
    status: from(`${SNOV}: smtp_status`).slug(
      '`valid` when the mail server confirmed it, `unknown` when it would not say',
      { example: 'valid' },
    ),
    status_reason: from(`${SNOV}: unknown_status_reason`).slug('Why it is unknown, such as `catchall`', {}),
    ...provider('the address'),
    ...foundAt('the address'),
    subscriber_class: chpipe.slug(
      'Whom mail to the company reaches as PECR tells them apart, by its legal form: `corporate`, or `individual`, where consent is needed; empty where the form does not tell',
      { computed: true, values: SUBSCRIBER_CLASSES, example: 'corporate', since: 15 },
    ),
  },
}

export const deletions: TableEntry = {
  row: 'One thing that is gone since the earlier delivery. Only deltas hold this table.',
  key: ['table', 'company_number', 'key'],
  columns: {
    table: chpipe.slug('The table that the row was in', NEW),
    ...companyNumber(chpipe),
    key: chpipe.id(
      'The row within its company: an `appointment_id`, a domain or an e-mail. Empty: all rows of the company in that table, and for `companies` the company with all that is its own',
      NEW,
    ),
    deleted_at: chpipe.time('When it went', NEW),
  },
}
