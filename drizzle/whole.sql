CREATE TABLE `companies` (
	`company_number` text PRIMARY KEY NOT NULL,
	`company_name` text NOT NULL,
	`company_status` text,
	`company_status_detail` text,
	`type` text,
	`subtype` text,
	`jurisdiction` text,
	`date_of_creation` text,
	`date_of_cessation` text,
	`sic_codes` text,
	`care_of` text,
	`po_box` text,
	`premises` text,
	`address_line_1` text,
	`address_line_2` text,
	`locality` text,
	`region` text,
	`country` text,
	`postal_code` text,
	`officers_state` text DEFAULT 'pending' NOT NULL,
	`officers_count` integer DEFAULT 0 NOT NULL,
	`officers_fetched_at` text,
	`source` text NOT NULL,
	`fetched_at` text NOT NULL,
	`run_id` integer NOT NULL,
	`first_seen_at` text NOT NULL,
	`deleted_at` text
, `change_number` integer DEFAULT 0 NOT NULL, `country_of_origin` text, `accounts_accounting_reference_date_day` integer, `accounts_accounting_reference_date_month` integer, `accounts_next_due` text, `accounts_next_made_up_to` text, `accounts_overdue` integer, `accounts_last_accounts_made_up_to` text, `accounts_last_accounts_type` text, `accounts_last_accounts_period_start_on` text, `accounts_last_accounts_period_end_on` text, `accounts_next_accounts_due_on` text, `accounts_next_accounts_overdue` integer, `accounts_next_accounts_period_start_on` text, `accounts_next_accounts_period_end_on` text, `confirmation_statement_next_due` text, `confirmation_statement_last_made_up_to` text, `confirmation_statement_next_made_up_to` text, `confirmation_statement_overdue` integer, `annual_return_next_due` text, `annual_return_last_made_up_to` text, `annual_return_next_made_up_to` text, `annual_return_overdue` integer, `charges_count` integer, `charges_outstanding_count` integer, `charges_part_satisfied_count` integer, `charges_satisfied_count` integer, `general_partners_count` integer, `limited_partners_count` integer, `previous_company_names` text, `uri` text, `has_charges` integer, `has_insolvency_history` integer, `has_been_liquidated` integer, `has_super_secure_pscs` integer, `registered_office_is_in_dispute` integer, `undeliverable_registered_office_address` integer, `is_community_interest_company` integer, `can_file` integer, `partial_data_available` text, `external_registration_number` text, `last_full_members_list_date` text, `term` text, `service_address` text, `branch_company_details` text, `foreign_company_details` text, `corporate_annotation` text, `etag` text, `pscs_state` text DEFAULT 'pending' NOT NULL, `pscs_fetched_at` text, `file_row` integer);
--> statement-breakpoint
CREATE TABLE `domains` (
	`company_number` text NOT NULL,
	`domain` text NOT NULL,
	`provider` text NOT NULL,
	`confidence` integer,
	`state` text NOT NULL,
	`found_at` text NOT NULL,
	`run_id` integer NOT NULL,
	PRIMARY KEY(`company_number`, `domain`),
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `emails` (
	`company_number` text NOT NULL,
	`appointment_id` text NOT NULL,
	`email` text NOT NULL,
	`status` text,
	`status_reason` text,
	`provider` text NOT NULL,
	`found_at` text NOT NULL,
	`run_id` integer NOT NULL,
	PRIMARY KEY(`company_number`, `appointment_id`, `email`),
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `notes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`company_number` text,
	`detail` text NOT NULL,
	`noted_at` integer NOT NULL,
	`run_id` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `officer_fetches` (
	`company_number` text PRIMARY KEY NOT NULL,
	`claimed_by` integer,
	`attempts` integer DEFAULT 0 NOT NULL,
	`retry_at` integer,
	`failed_at` integer,
	`last_error` text,
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `officers` (
	`company_number` text NOT NULL,
	`appointment_id` text NOT NULL,
	`officer_id` text,
	`person_number` text,
	`name` text,
	`title` text,
	`forenames` text,
	`surname` text,
	`officer_role` text,
	`appointed_on` text,
	`appointed_before` text,
	`resigned_on` text,
	`date_of_birth_month` integer,
	`date_of_birth_year` integer,
	`nationality` text,
	`country_of_residence` text,
	`occupation` text,
	`care_of` text,
	`po_box` text,
	`premises` text,
	`address_line_1` text,
	`address_line_2` text,
	`locality` text,
	`region` text,
	`country` text,
	`postal_code` text,
	`identification_type` text,
	`legal_authority` text,
	`legal_form` text,
	`place_registered` text,
	`register_location` text,
	`registration_number` text,
	`source` text NOT NULL,
	`fetched_at` text NOT NULL,
	`run_id` integer NOT NULL, `is_pre_1992_appointment` integer, `former_names` text, `principal_office_address_care_of` text, `principal_office_address_po_box` text, `principal_office_address_premises` text, `principal_office_address_address_line_1` text, `principal_office_address_address_line_2` text, `principal_office_address_locality` text, `principal_office_address_region` text, `principal_office_address_country` text, `principal_office_address_postal_code` text, `responsibilities` text, `contact_name` text, `contribution_currency_type` text, `contribution_currency_value` text, `contribution_sub_types` text, `appointment_verification_start_on` text, `appointment_verification_end_on` text, `appointment_verification_statement_due_on` text, `identity_verified_on` text, `authorised_corporate_service_provider_name` text, `anti_money_laundering_supervisory_bodies` text, `preferred_name` text, `etag` text, `stream_timepoint` integer,
	PRIMARY KEY(`company_number`, `appointment_id`),
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `quota_grants` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`allowance` text NOT NULL,
	`lane` text NOT NULL,
	`probe` integer NOT NULL,
	`granted_at` integer NOT NULL,
	`answered_at` integer,
	`frees_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `quota_state` (
	`allowance` text PRIMARY KEY NOT NULL,
	`boot` text NOT NULL,
	`heard_at` integer,
	`remain` integer,
	`remain_until` integer,
	`reset_at` integer,
	`gate_until` integer,
	`consumer_until` integer,
	`tokens` real DEFAULT 0 NOT NULL,
	`refilled_at` integer,
	`peak` integer DEFAULT 0 NOT NULL,
	`rate_limited` integer DEFAULT 0 NOT NULL
, `zero_at` integer);
--> statement-breakpoint
CREATE TABLE `quota_waits` (
	`waiter` text PRIMARY KEY NOT NULL,
	`allowance` text NOT NULL,
	`until` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `runs` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`command` text NOT NULL,
	`host` text NOT NULL,
	`boot` text NOT NULL,
	`pid` integer NOT NULL,
	`pid_started` text,
	`started_at` integer NOT NULL,
	`heartbeat_at` integer NOT NULL,
	`finished_at` integer,
	`summary` text
, `pid_namespace` text);
--> statement-breakpoint
CREATE TABLE `tallies` (
	`name` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `credit_ledger` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`provider` text NOT NULL,
	`request_id` integer NOT NULL,
	`operation` text NOT NULL,
	`expected` integer NOT NULL,
	`observed` integer,
	`balance_before` text,
	`balance_after` text,
	`booked_at` integer NOT NULL,
	`run_id` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `jobs` (
	`company_number` text PRIMARY KEY NOT NULL,
	`stage` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`due_at` integer NOT NULL,
	`claimed_by` integer,
	`cause` text NOT NULL,
	`last_error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`run_id` integer NOT NULL, `owner` text DEFAULT 'enrich' NOT NULL,
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `provider_answers` (
	`provider` text NOT NULL,
	`operation` text NOT NULL,
	`input_key` text NOT NULL,
	`outcome` text NOT NULL,
	`answer` text,
	`request_id` integer NOT NULL,
	`answered_at` integer NOT NULL,
	PRIMARY KEY(`provider`, `operation`, `input_key`)
);
--> statement-breakpoint
CREATE TABLE `provider_requests` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`provider` text NOT NULL,
	`operation` text NOT NULL,
	`request_key` text NOT NULL,
	`input` text NOT NULL,
	`status` text NOT NULL,
	`task_hash` text,
	`polls` integer DEFAULT 0 NOT NULL,
	`next_poll_at` integer,
	`reserved` integer NOT NULL,
	`balance_before` text,
	`answer` text,
	`last_error` text,
	`requested_at` integer NOT NULL,
	`completed_at` integer,
	`run_id` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `stream_cursors` (
	`stream` text PRIMARY KEY NOT NULL,
	`timepoint` integer,
	`published_at` text,
	`claimed_by` integer,
	`connected_at` integer,
	`last_event_at` integer,
	`first_event_at` integer,
	`events` integer DEFAULT 0 NOT NULL
, `silent_since` integer);
--> statement-breakpoint
CREATE TABLE `stream_gaps` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`stream` text NOT NULL,
	`kind` text NOT NULL,
	`from_timepoint` integer,
	`to_timepoint` integer,
	`from_day` text,
	`to_day` text,
	`noted_at` integer NOT NULL,
	`repaired_at` integer,
	`run_id` integer NOT NULL
, `change_number` integer DEFAULT 0 NOT NULL);
--> statement-breakpoint
CREATE TABLE `stream_minutes` (
	`stream` text NOT NULL,
	`minute` integer NOT NULL,
	`events` integer NOT NULL,
	PRIMARY KEY(`stream`, `minute`)
);
--> statement-breakpoint
CREATE TABLE `stream_rejects` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`stream` text NOT NULL,
	`timepoint` integer,
	`reason` text NOT NULL,
	`line` text NOT NULL,
	`received_at` integer NOT NULL,
	`run_id` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `suppressions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`value` text NOT NULL,
	`born` text,
	`reason` text,
	`added_at` text NOT NULL
, `follows` integer, `change_number` integer DEFAULT 0 NOT NULL);
--> statement-breakpoint
CREATE TABLE `api_tokens` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`added_at` text NOT NULL,
	`revoked_at` text
, `scope` text DEFAULT 'data' NOT NULL);
--> statement-breakpoint
CREATE TABLE `deletions` (
	`kind` text NOT NULL,
	`company_number` text NOT NULL,
	`key` text NOT NULL,
	`deleted_at` text NOT NULL,
	`run_id` integer NOT NULL, `change_number` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`kind`, `company_number`, `key`)
);
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`goal` text NOT NULL,
	`format` text NOT NULL,
	`filters` text NOT NULL,
	`as_of` text NOT NULL,
	`run_id` integer NOT NULL
, `checkpoint` text, `recipient` text);
--> statement-breakpoint
CREATE TABLE `register_files` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`run_id` integer NOT NULL,
	`as_of` text,
	`part` integer,
	`parts` integer,
	`whole` integer DEFAULT false NOT NULL,
	`known` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `unmatched_answers` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`request_id` integer NOT NULL,
	`name` text NOT NULL,
	`answer` text NOT NULL,
	`received_at` integer NOT NULL,
	`verdict` text,
	`settled_at` integer
);
--> statement-breakpoint
CREATE TABLE `database_keys` (
	`name` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `withheld_officers` (
	`company_number` text NOT NULL,
	`appointment` text NOT NULL,
	`name` text,
	`suppression_id` integer NOT NULL,
	PRIMARY KEY(`company_number`, `appointment`),
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `stream_applied` (
	`stream` text NOT NULL,
	`number` integer NOT NULL,
	`events` blob NOT NULL,
	PRIMARY KEY(`stream`, `number`)
);
--> statement-breakpoint
CREATE TABLE `change_counter` (
	`id` integer PRIMARY KEY NOT NULL,
	`number` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `change_marks` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`mark` text NOT NULL,
	`number` integer NOT NULL,
	`marked_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `bulk_files` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`run_id` integer NOT NULL,
	`product` text NOT NULL,
	`run_number` integer,
	`produced_on` text NOT NULL,
	`part` text,
	`parts` integer,
	`records` integer NOT NULL,
	`whole` integer DEFAULT false NOT NULL,
	`imported_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `listed_companies` (
	`list` text NOT NULL,
	`company_number` text NOT NULL,
	`written` text NOT NULL,
	`exists` integer,
	`listed_at` integer NOT NULL,
	`run_id` integer NOT NULL,
	PRIMARY KEY(`list`, `company_number`)
);
--> statement-breakpoint
CREATE TABLE `notices` (
	`cause` text NOT NULL,
	`subject` text NOT NULL,
	`message` text NOT NULL,
	`raised_at` integer NOT NULL,
	`sent_at` integer,
	`cleared_at` integer,
	PRIMARY KEY(`cause`, `subject`)
);
--> statement-breakpoint
CREATE TABLE `postcodes` (
	`postcode` text PRIMARY KEY NOT NULL,
	`region` text,
	`local_authority` text,
	`country` text
);
--> statement-breakpoint
CREATE TABLE `sic_descriptions` (
	`code` text PRIMARY KEY NOT NULL,
	`description` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `persons_with_significant_control` (
	`company_number` text NOT NULL,
	`psc_id` text NOT NULL,
	`kind` text NOT NULL,
	`name` text,
	`title` text,
	`forename` text,
	`middle_name` text,
	`surname` text,
	`date_of_birth_month` integer,
	`date_of_birth_year` integer,
	`nationality` text,
	`country_of_residence` text,
	`care_of` text,
	`po_box` text,
	`premises` text,
	`address_line_1` text,
	`address_line_2` text,
	`locality` text,
	`region` text,
	`country` text,
	`postal_code` text,
	`principal_office_address_care_of` text,
	`principal_office_address_po_box` text,
	`principal_office_address_premises` text,
	`principal_office_address_address_line_1` text,
	`principal_office_address_address_line_2` text,
	`principal_office_address_locality` text,
	`principal_office_address_region` text,
	`principal_office_address_country` text,
	`principal_office_address_postal_code` text,
	`identification_type` text,
	`legal_authority` text,
	`legal_form` text,
	`place_registered` text,
	`country_registered` text,
	`registration_number` text,
	`natures_of_control` text,
	`notified_on` text,
	`ceased_on` text,
	`ceased` integer,
	`is_sanctioned` integer,
	`description` text,
	`statement` text,
	`linked_psc_name` text,
	`restrictions_notice_withdrawal_reason` text,
	`exemptions` text,
	`appointment_verification_start_on` text,
	`appointment_verification_end_on` text,
	`appointment_verification_statement_due_on` text,
	`identity_verified_on` text,
	`authorised_corporate_service_provider_name` text,
	`anti_money_laundering_supervisory_bodies` text,
	`preferred_name` text,
	`appointment_verification_statement_date` text,
	`etag` text,
	`source` text NOT NULL,
	`fetched_at` text NOT NULL,
	`run_id` integer NOT NULL,
	`stream_timepoint` integer, `linked_psc` text,
	PRIMARY KEY(`company_number`, `psc_id`),
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `company_tellers` (
	`company_number` text PRIMARY KEY NOT NULL,
	`told_by` text NOT NULL,
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `officer_lists` (
	`company_number` text PRIMARY KEY NOT NULL,
	`as_of` text,
	`touched` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
INSERT INTO tallies (name, count) VALUES ('pending', 0), ('complete', 0), ('none', 0), ('failed', 0), ('officers', 0);
--> statement-breakpoint
INSERT INTO tallies (name, count) VALUES
  ('job:due:details', 0), ('job:due:domain', 0), ('job:due:officers', 0), ('job:due:emails', 0), ('job:due:done', 0),
  ('job:skipped:details', 0), ('job:skipped:domain', 0), ('job:skipped:officers', 0), ('job:skipped:emails', 0), ('job:skipped:done', 0),
  ('job:failed:details', 0), ('job:failed:domain', 0), ('job:failed:officers', 0), ('job:failed:emails', 0), ('job:failed:done', 0),
  ('job:done:details', 0), ('job:done:domain', 0), ('job:done:officers', 0), ('job:done:emails', 0), ('job:done:done', 0),
  ('domains', 0), ('companies-with-domain', 0), ('emails', 0), ('people-with-email', 0), ('people-asked', 0);
--> statement-breakpoint
INSERT INTO database_keys (name, key) VALUES ('suppressions', lower(hex(randomblob(32))));
--> statement-breakpoint
INSERT INTO change_counter (id, number) VALUES (1, 1);
--> statement-breakpoint
INSERT INTO change_marks (mark, number, marked_at) VALUES (lower(hex(randomblob(4))), 0, 0);
--> statement-breakpoint
INSERT INTO tallies (name, count) VALUES ('stale', 0), ('pscs', 0);
--> statement-breakpoint
CREATE INDEX `companies_by_officers_state` ON `companies` (`officers_state`,`company_number`);
--> statement-breakpoint
CREATE INDEX `notes_by_company` ON `notes` (`company_number`,`kind`);
--> statement-breakpoint
CREATE INDEX `officer_fetches_by_claim` ON `officer_fetches` (`claimed_by`);
--> statement-breakpoint
CREATE INDEX `officer_fetches_by_retry` ON `officer_fetches` (`retry_at`);
--> statement-breakpoint
CREATE INDEX `quota_grants_by_end` ON `quota_grants` (`allowance`,`frees_at`);
--> statement-breakpoint
CREATE TRIGGER companies_deleted AFTER DELETE ON companies BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = OLD.officers_state;
  UPDATE tallies SET count = count - OLD.officers_count WHERE name = 'officers' AND OLD.officers_count <> 0;
END;
--> statement-breakpoint
CREATE TRIGGER companies_officers_changed AFTER UPDATE OF officers_state, officers_count ON companies BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = OLD.officers_state;
  UPDATE tallies SET count = count + 1 WHERE name = NEW.officers_state;
  UPDATE tallies SET count = count + NEW.officers_count - OLD.officers_count WHERE name = 'officers';
END;
--> statement-breakpoint
CREATE INDEX `credit_ledger_by_time` ON `credit_ledger` (`provider`,`booked_at`);
--> statement-breakpoint
CREATE INDEX `jobs_by_claim` ON `jobs` (`claimed_by`);
--> statement-breakpoint
CREATE INDEX `provider_requests_by_status` ON `provider_requests` (`status`,`next_poll_at`);
--> statement-breakpoint
CREATE INDEX `provider_requests_by_key` ON `provider_requests` (`provider`,`operation`,`request_key`);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_tokens_name_unique` ON `api_tokens` (`name`);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_tokens_hash_unique` ON `api_tokens` (`hash`);
--> statement-breakpoint
CREATE INDEX `deletions_by_time` ON `deletions` (`deleted_at`);
--> statement-breakpoint
CREATE INDEX `deliveries_by_goal` ON `deliveries` (`goal`,`id`);
--> statement-breakpoint
CREATE UNIQUE INDEX `suppressions_without_birth` ON `suppressions` (`kind`,`value`) WHERE "suppressions"."born" is null;
--> statement-breakpoint
CREATE UNIQUE INDEX `suppressions_by_value` ON `suppressions` (`kind`,`value`,`born`);
--> statement-breakpoint
CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'job:' || NEW.state || ':' || NEW.stage;
END;
--> statement-breakpoint
CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'job:' || OLD.state || ':' || OLD.stage;
END;
--> statement-breakpoint
CREATE TRIGGER jobs_moved AFTER UPDATE OF state, stage ON jobs BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'job:' || OLD.state || ':' || OLD.stage;
  UPDATE tallies SET count = count + 1 WHERE name = 'job:' || NEW.state || ':' || NEW.stage;
END;
--> statement-breakpoint
CREATE TRIGGER domains_inserted AFTER INSERT ON domains BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'domains';
  UPDATE tallies SET count = count + 1 WHERE name = 'companies-with-domain'
    AND (SELECT count(*) FROM domains WHERE company_number = NEW.company_number) = 1;
END;
--> statement-breakpoint
CREATE TRIGGER domains_deleted AFTER DELETE ON domains BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'domains';
  UPDATE tallies SET count = count - 1 WHERE name = 'companies-with-domain'
    AND NOT EXISTS (SELECT 1 FROM domains WHERE company_number = OLD.company_number);
END;
--> statement-breakpoint
CREATE TRIGGER emails_inserted AFTER INSERT ON emails BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'emails';
  UPDATE tallies SET count = count + 1 WHERE name = 'people-with-email'
    AND (SELECT count(*) FROM emails WHERE company_number = NEW.company_number AND appointment_id = NEW.appointment_id) = 1;
END;
--> statement-breakpoint
CREATE TRIGGER emails_deleted AFTER DELETE ON emails BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'emails';
  UPDATE tallies SET count = count - 1 WHERE name = 'people-with-email' AND NOT EXISTS (
    SELECT 1 FROM emails WHERE company_number = OLD.company_number AND appointment_id = OLD.appointment_id);
END;
--> statement-breakpoint
CREATE TRIGGER answers_inserted AFTER INSERT ON provider_answers WHEN NEW.operation = 'emails' BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'people-asked';
END;
--> statement-breakpoint
CREATE TRIGGER answers_deleted AFTER DELETE ON provider_answers WHEN OLD.operation = 'emails' BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'people-asked';
END;
--> statement-breakpoint
CREATE INDEX `jobs_by_due` ON `jobs` (`state`,`stage`,`owner`,`due_at`);
--> statement-breakpoint
CREATE INDEX `companies_to_ask` ON `companies` (`company_number`) WHERE company_status IS NULL AND source = 'register-file';
--> statement-breakpoint
CREATE INDEX `unmatched_answers_by_request` ON `unmatched_answers` (`request_id`);
--> statement-breakpoint
CREATE INDEX `withheld_officers_by_rule` ON `withheld_officers` (`suppression_id`);
--> statement-breakpoint
CREATE UNIQUE INDEX `change_marks_by_mark` ON `change_marks` (`mark`);
--> statement-breakpoint
CREATE INDEX `change_marks_by_time` ON `change_marks` (`marked_at`);
--> statement-breakpoint
CREATE INDEX `deletions_by_change` ON `deletions` (`change_number`);
--> statement-breakpoint
CREATE INDEX `companies_by_change` ON `companies` (`change_number`);
--> statement-breakpoint
CREATE TRIGGER officers_change_inserted AFTER INSERT ON officers BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER officers_change_updated AFTER UPDATE ON officers BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER officers_change_deleted AFTER DELETE ON officers BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = OLD.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER domains_change_inserted AFTER INSERT ON domains BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER domains_change_updated AFTER UPDATE ON domains
  WHEN OLD.provider <> NEW.provider OR OLD.confidence IS NOT NEW.confidence OR OLD.state <> NEW.state
    OR OLD.found_at <> NEW.found_at OR OLD.run_id <> NEW.run_id BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER domains_change_deleted AFTER DELETE ON domains BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = OLD.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER emails_change_inserted AFTER INSERT ON emails BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER emails_change_updated AFTER UPDATE ON emails BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER emails_change_deleted AFTER DELETE ON emails BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = OLD.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER deletions_change_inserted AFTER INSERT ON deletions WHEN NEW.change_number = 0 BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE deletions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER deletions_change_updated AFTER UPDATE ON deletions WHEN NEW.change_number = OLD.change_number BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE deletions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER suppressions_change_inserted AFTER INSERT ON suppressions WHEN NEW.change_number = 0 BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE suppressions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER suppressions_change_updated AFTER UPDATE ON suppressions WHEN NEW.change_number = OLD.change_number BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE suppressions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE INDEX `bulk_files_by_product` ON `bulk_files` (`product`,`produced_on`);
--> statement-breakpoint
CREATE INDEX `officers_by_verification_due` ON `officers` (`appointment_verification_statement_due_on`) WHERE appointment_verification_start_on IS NULL AND appointment_verification_statement_due_on IS NOT NULL;
--> statement-breakpoint
CREATE INDEX `officers_by_verification_end` ON `officers` (`appointment_verification_end_on`) WHERE appointment_verification_start_on IS NOT NULL;
--> statement-breakpoint
CREATE TRIGGER pscs_inserted AFTER INSERT ON persons_with_significant_control BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'pscs';
END;
--> statement-breakpoint
CREATE TRIGGER pscs_deleted AFTER DELETE ON persons_with_significant_control BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'pscs';
END;
--> statement-breakpoint
CREATE TRIGGER pscs_change_inserted AFTER INSERT ON persons_with_significant_control BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER pscs_change_updated AFTER UPDATE ON persons_with_significant_control BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER pscs_change_deleted AFTER DELETE ON persons_with_significant_control BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = OLD.company_number;
END;
--> statement-breakpoint
CREATE INDEX `officers_by_person` ON `officers` (`person_number`);
--> statement-breakpoint
CREATE INDEX `pscs_by_verification_due` ON `persons_with_significant_control` (`appointment_verification_statement_due_on`) WHERE appointment_verification_start_on IS NULL AND appointment_verification_statement_due_on IS NOT NULL;
--> statement-breakpoint
CREATE INDEX `pscs_by_verification_end` ON `persons_with_significant_control` (`appointment_verification_end_on`) WHERE appointment_verification_start_on IS NOT NULL;
--> statement-breakpoint
CREATE INDEX `companies_pscs_stale` ON `companies` (`company_number`) WHERE pscs_state = 'stale';
--> statement-breakpoint
CREATE TRIGGER stream_gaps_change_inserted AFTER INSERT ON stream_gaps WHEN NEW.stream = 'psc' BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE stream_gaps SET change_number = (SELECT number FROM change_counter) WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER stream_gaps_change_updated AFTER UPDATE OF noted_at, repaired_at ON stream_gaps WHEN NEW.stream = 'psc' BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE stream_gaps SET change_number = (SELECT number FROM change_counter) WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER companies_change_updated AFTER UPDATE ON companies WHEN NEW.change_number = OLD.change_number BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter), file_row = NULL WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE INDEX `companies_by_officers_fetched_at` ON `companies` (`officers_fetched_at`,`officers_state`) WHERE officers_fetched_at IS NOT NULL;
--> statement-breakpoint
CREATE INDEX `companies_stale` ON `companies` (`officers_state`,`officers_fetched_at`) WHERE officers_state = 'stale';
--> statement-breakpoint
CREATE TRIGGER companies_inserted AFTER INSERT ON companies BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = NEW.officers_state;
  UPDATE tallies SET count = count + NEW.officers_count WHERE name = 'officers' AND NEW.officers_count <> 0;
  UPDATE change_counter SET number = number + 1 WHERE NEW.change_number = 0;
  UPDATE companies SET change_number = (SELECT number FROM change_counter)
    WHERE rowid = NEW.rowid AND NEW.change_number = 0;
END;
