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
CREATE INDEX `unmatched_answers_by_request` ON `unmatched_answers` (`request_id`);