CREATE TABLE `database_keys` (
	`name` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `withheld_officers` (
	`company_number` text NOT NULL,
	`appointment` text NOT NULL,
	`name` text,
	`suppression_id` integer NOT NULL,
	PRIMARY KEY(`company_number`, `appointment`),
	FOREIGN KEY (`company_number`) REFERENCES `companies`(`company_number`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `withheld_officers_by_rule` ON `withheld_officers` (`suppression_id`);--> statement-breakpoint
ALTER TABLE `suppressions` ADD `follows` integer;--> statement-breakpoint
INSERT INTO database_keys (name, key) VALUES ('suppressions', lower(hex(randomblob(32))));
--> statement-breakpoint
UPDATE suppressions SET value = hmac_sha256((SELECT key FROM database_keys WHERE name = 'suppressions'), 'email:' || value)
WHERE kind = 'email';
--> statement-breakpoint
UPDATE officers SET title = NULL, forenames = NULL, surname = NULL
WHERE (forenames IS NOT NULL OR surname IS NOT NULL) AND (
  identification_type <> '' OR legal_authority <> '' OR legal_form <> '' OR place_registered <> ''
  OR register_location <> '' OR registration_number <> ''
  OR replace(rtrim(name, ' .,'), '.', '') LIKE '% ltd' OR replace(rtrim(name, ' .,'), '.', '') LIKE '% limited'
  OR replace(rtrim(name, ' .,'), '.', '') LIKE '% plc' OR replace(rtrim(name, ' .,'), '.', '') LIKE '% llp'
  OR replace(rtrim(name, ' .,'), '.', '') LIKE '% llc' OR replace(rtrim(name, ' .,'), '.', '') LIKE '% inc'
  OR replace(rtrim(name, ' .,'), '.', '') LIKE '% gmbh' OR replace(rtrim(name, ' .,'), '.', '') LIKE '% corporation');
--> statement-breakpoint
UPDATE officers SET title = forenames || coalesce(', ' || title, ''), forenames = NULL
WHERE surname IS NOT NULL AND replace(lower(forenames), '.', '') IN ('lord', 'lady', 'the lord', 'the lady', 'earl', 'the earl',
  'viscount', 'the viscount', 'viscountess', 'baroness', 'the baroness', 'baron', 'marquess', 'marchioness', 'duke',
  'duchess', 'count', 'countess', 'sir', 'dame', 'dr', 'doctor', 'prof', 'professor', 'rev', 'revd', 'reverend',
  'the rt hon', 'rt hon', 'the hon', 'the honourable', 'hon', 'captain', 'capt', 'major', 'colonel', 'col', 'lt col',
  'general', 'brigadier', 'commander', 'rt hon lord', 'the rt hon lord', 'the rt hon the lord', 'prince', 'princess');
