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
CREATE INDEX `bulk_files_by_product` ON `bulk_files` (`product`,`produced_on`);--> statement-breakpoint
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
	`stream_timepoint` integer,
	PRIMARY KEY(`company_number`, `psc_id`),
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `deliveries` ADD `recipient` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `country_of_origin` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_accounting_reference_date_day` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_accounting_reference_date_month` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_next_due` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_next_made_up_to` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_overdue` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_last_accounts_made_up_to` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_last_accounts_type` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_last_accounts_period_start_on` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_last_accounts_period_end_on` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_next_accounts_due_on` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_next_accounts_overdue` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_next_accounts_period_start_on` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `accounts_next_accounts_period_end_on` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `confirmation_statement_next_due` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `confirmation_statement_last_made_up_to` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `confirmation_statement_next_made_up_to` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `confirmation_statement_overdue` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `annual_return_next_due` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `annual_return_last_made_up_to` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `annual_return_next_made_up_to` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `annual_return_overdue` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `charges_count` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `charges_outstanding_count` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `charges_part_satisfied_count` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `charges_satisfied_count` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `general_partners_count` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `limited_partners_count` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `previous_company_names` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `uri` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `has_charges` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `has_insolvency_history` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `has_been_liquidated` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `has_super_secure_pscs` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `registered_office_is_in_dispute` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `undeliverable_registered_office_address` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `is_community_interest_company` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `can_file` integer;--> statement-breakpoint
ALTER TABLE `companies` ADD `partial_data_available` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `external_registration_number` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `last_full_members_list_date` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `term` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `service_address` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `branch_company_details` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `foreign_company_details` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `corporate_annotation` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `etag` text;--> statement-breakpoint
ALTER TABLE `companies` ADD `pscs_state` text DEFAULT 'pending' NOT NULL;--> statement-breakpoint
ALTER TABLE `companies` ADD `pscs_fetched_at` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `is_pre_1992_appointment` integer;--> statement-breakpoint
ALTER TABLE `officers` ADD `former_names` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_care_of` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_po_box` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_premises` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_address_line_1` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_address_line_2` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_locality` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_region` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_country` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `principal_office_address_postal_code` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `responsibilities` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `contact_name` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `contribution_currency_type` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `contribution_currency_value` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `contribution_sub_types` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `appointment_verification_start_on` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `appointment_verification_end_on` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `appointment_verification_statement_due_on` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `identity_verified_on` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `authorised_corporate_service_provider_name` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `anti_money_laundering_supervisory_bodies` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `preferred_name` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `etag` text;--> statement-breakpoint
ALTER TABLE `officers` ADD `stream_timepoint` integer;--> statement-breakpoint
CREATE INDEX `officers_by_verification_due` ON `officers` (`appointment_verification_statement_due_on`) WHERE appointment_verification_start_on IS NULL AND appointment_verification_statement_due_on IS NOT NULL;--> statement-breakpoint
CREATE INDEX `officers_by_verification_end` ON `officers` (`appointment_verification_end_on`) WHERE appointment_verification_start_on IS NOT NULL;--> statement-breakpoint
INSERT INTO tallies (name, count) VALUES ('stale', 0), ('pscs', 0);
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
