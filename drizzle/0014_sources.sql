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
CREATE INDEX `companies_stale` ON `companies` (`officers_fetched_at`) WHERE officers_state = 'stale';
--> statement-breakpoint
CREATE INDEX `officers_by_person` ON `officers` (`person_number`);