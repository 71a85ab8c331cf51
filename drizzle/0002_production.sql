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
CREATE INDEX `credit_ledger_by_time` ON `credit_ledger` (`provider`,`booked_at`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`company_number` text PRIMARY KEY NOT NULL,
	`stage` text NOT NULL,
	`state` text NOT NULL,
	`priority` integer NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`due_at` integer NOT NULL,
	`claimed_by` integer,
	`cause` text NOT NULL,
	`last_error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`run_id` integer NOT NULL,
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `jobs_by_due` ON `jobs` (`state`,`stage`,`priority`,`due_at`);--> statement-breakpoint
CREATE INDEX `jobs_by_claim` ON `jobs` (`claimed_by`);--> statement-breakpoint
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
CREATE INDEX `provider_requests_by_status` ON `provider_requests` (`status`,`next_poll_at`);--> statement-breakpoint
CREATE INDEX `provider_requests_by_key` ON `provider_requests` (`provider`,`operation`,`request_key`);--> statement-breakpoint
CREATE TABLE `stream_cursors` (
	`stream` text PRIMARY KEY NOT NULL,
	`timepoint` integer,
	`published_at` text,
	`claimed_by` integer,
	`connected_at` integer,
	`last_event_at` integer,
	`first_event_at` integer,
	`events` integer DEFAULT 0 NOT NULL
);
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
);
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
);
--> statement-breakpoint
CREATE INDEX `suppressions_by_value` ON `suppressions` (`kind`,`value`);