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
);
--> statement-breakpoint
CREATE INDEX `companies_by_officers_state` ON `companies` (`officers_state`,`company_number`);--> statement-breakpoint
CREATE INDEX `companies_by_officers_fetched_at` ON `companies` (`officers_fetched_at`);--> statement-breakpoint
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
CREATE INDEX `notes_by_company` ON `notes` (`company_number`,`kind`);--> statement-breakpoint
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
CREATE INDEX `officer_fetches_by_claim` ON `officer_fetches` (`claimed_by`);--> statement-breakpoint
CREATE INDEX `officer_fetches_by_retry` ON `officer_fetches` (`retry_at`);--> statement-breakpoint
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
	`run_id` integer NOT NULL,
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
CREATE INDEX `quota_grants_by_end` ON `quota_grants` (`allowance`,`frees_at`);--> statement-breakpoint
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
);
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
);
--> statement-breakpoint
CREATE TABLE `tallies` (
	`name` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL
);
