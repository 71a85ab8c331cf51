CREATE TABLE `change_counter` (
	`id` integer PRIMARY KEY NOT NULL,
	`number` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `change_marks` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`mark` text NOT NULL,
	`number` integer NOT NULL,
	`marked_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `change_marks_by_mark` ON `change_marks` (`mark`);--> statement-breakpoint
CREATE INDEX `change_marks_by_time` ON `change_marks` (`marked_at`);--> statement-breakpoint
ALTER TABLE `deletions` ADD `change_number` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `deletions_by_change` ON `deletions` (`change_number`);--> statement-breakpoint
ALTER TABLE `deliveries` ADD `checkpoint` text;--> statement-breakpoint
ALTER TABLE `suppressions` ADD `change_number` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `companies` ADD `change_number` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `companies_by_change` ON `companies` (`change_number`);--> statement-breakpoint
INSERT INTO change_counter (id, number) VALUES (1, 1);
--> statement-breakpoint
INSERT INTO change_marks (mark, number, marked_at) VALUES (lower(hex(randomblob(4))), 0, 0);
--> statement-breakpoint
CREATE TRIGGER companies_change_inserted AFTER INSERT ON companies WHEN NEW.change_number = 0 BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER companies_change_updated AFTER UPDATE ON companies WHEN NEW.change_number = OLD.change_number BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER officers_change_inserted AFTER INSERT ON officers BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER officers_change_updated AFTER UPDATE ON officers BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER officers_change_deleted AFTER DELETE ON officers BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = OLD.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER domains_change_inserted AFTER INSERT ON domains BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER domains_change_updated AFTER UPDATE ON domains
  WHEN OLD.provider <> NEW.provider OR OLD.confidence IS NOT NEW.confidence OR OLD.state <> NEW.state
    OR OLD.found_at <> NEW.found_at OR OLD.run_id <> NEW.run_id BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER domains_change_deleted AFTER DELETE ON domains BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = OLD.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER emails_change_inserted AFTER INSERT ON emails BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER emails_change_updated AFTER UPDATE ON emails BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = NEW.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER emails_change_deleted AFTER DELETE ON emails BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter) WHERE company_number = OLD.company_number;
END;
--> statement-breakpoint
CREATE TRIGGER deletions_change_inserted AFTER INSERT ON deletions WHEN NEW.change_number = 0 BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE deletions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER deletions_change_updated AFTER UPDATE ON deletions WHEN NEW.change_number = OLD.change_number BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE deletions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER suppressions_change_inserted AFTER INSERT ON suppressions WHEN NEW.change_number = 0 BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE suppressions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
--> statement-breakpoint
CREATE TRIGGER suppressions_change_updated AFTER UPDATE ON suppressions WHEN NEW.change_number = OLD.change_number BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE suppressions SET change_number = (SELECT number FROM change_counter) WHERE rowid = NEW.rowid;
END;
