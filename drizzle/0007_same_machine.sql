ALTER TABLE `runs` ADD `pid_namespace` text;--> statement-breakpoint
ALTER TABLE `quota_state` ADD `zero_at` integer;