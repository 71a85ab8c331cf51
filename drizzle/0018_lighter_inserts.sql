DROP INDEX `companies_by_officers_fetched_at`;--> statement-breakpoint
DROP INDEX `companies_stale`;--> statement-breakpoint
CREATE INDEX `companies_by_officers_fetched_at` ON `companies` (`officers_fetched_at`,`officers_state`) WHERE officers_fetched_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `companies_stale` ON `companies` (`officers_state`,`officers_fetched_at`) WHERE officers_state = 'stale';--> statement-breakpoint
DROP TRIGGER companies_inserted;--> statement-breakpoint
DROP TRIGGER companies_change_inserted;--> statement-breakpoint
CREATE TRIGGER companies_inserted AFTER INSERT ON companies BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = NEW.officers_state;
  UPDATE tallies SET count = count + NEW.officers_count WHERE name = 'officers' AND NEW.officers_count <> 0;
  UPDATE change_counter SET number = number + 1 WHERE NEW.change_number = 0;
  UPDATE companies SET change_number = (SELECT number FROM change_counter)
    WHERE rowid = NEW.rowid AND NEW.change_number = 0;
END;
