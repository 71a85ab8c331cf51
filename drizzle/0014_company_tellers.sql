CREATE TABLE `company_tellers` (
	`company_number` text PRIMARY KEY NOT NULL,
	`told_by` text NOT NULL,
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
