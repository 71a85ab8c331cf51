CREATE TABLE `psc_doubts` (
	`company_number` text PRIMARY KEY NOT NULL,
	`since` integer NOT NULL,
	`latest` integer NOT NULL
);
