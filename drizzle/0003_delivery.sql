CREATE TABLE `api_tokens` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`added_at` text NOT NULL,
	`revoked_at` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_tokens_name_unique` ON `api_tokens` (`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `api_tokens_hash_unique` ON `api_tokens` (`hash`);--> statement-breakpoint
CREATE TABLE `deletions` (
	`kind` text NOT NULL,
	`company_number` text NOT NULL,
	`key` text NOT NULL,
	`deleted_at` text NOT NULL,
	`run_id` integer NOT NULL,
	PRIMARY KEY(`kind`, `company_number`, `key`)
);
--> statement-breakpoint
CREATE INDEX `deletions_by_time` ON `deletions` (`deleted_at`);--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`goal` text NOT NULL,
	`format` text NOT NULL,
	`filters` text NOT NULL,
	`as_of` text NOT NULL,
	`run_id` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `deliveries_by_goal` ON `deliveries` (`goal`,`id`);--> statement-breakpoint
DROP INDEX `suppressions_by_value`;--> statement-breakpoint
CREATE UNIQUE INDEX `suppressions_without_birth` ON `suppressions` (`kind`,`value`) WHERE "suppressions"."born" is null;--> statement-breakpoint
CREATE UNIQUE INDEX `suppressions_by_value` ON `suppressions` (`kind`,`value`,`born`);--> statement-breakpoint
ALTER TABLE `stream_cursors` ADD `silent_since` integer;