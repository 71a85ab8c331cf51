DROP INDEX `jobs_by_due`;--> statement-breakpoint
ALTER TABLE `jobs` ADD `owner` text DEFAULT 'enrich' NOT NULL;--> statement-breakpoint
UPDATE `jobs` SET `owner` = 'stream' WHERE `priority` = 0;--> statement-breakpoint
CREATE INDEX `jobs_by_due` ON `jobs` (`state`,`stage`,`owner`,`due_at`);--> statement-breakpoint
ALTER TABLE `jobs` DROP COLUMN `priority`;