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
CREATE INDEX `companies_to_ask` ON `companies` (`company_number`) WHERE company_status IS NULL AND source = 'register-file';