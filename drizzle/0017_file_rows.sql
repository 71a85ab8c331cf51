ALTER TABLE `companies` ADD `file_row` integer;--> statement-breakpoint
DROP TRIGGER companies_change_updated;--> statement-breakpoint
CREATE TRIGGER companies_change_updated AFTER UPDATE ON companies WHEN NEW.change_number = OLD.change_number BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE companies SET change_number = (SELECT number FROM change_counter), file_row = NULL WHERE rowid = NEW.rowid;
END;
