INSERT INTO tallies (name, count) VALUES ('pending', 0), ('complete', 0), ('none', 0), ('failed', 0), ('officers', 0);
--> statement-breakpoint
CREATE TRIGGER companies_inserted AFTER INSERT ON companies BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = NEW.officers_state;
  UPDATE tallies SET count = count + NEW.officers_count WHERE name = 'officers' AND NEW.officers_count <> 0;
END;
--> statement-breakpoint
CREATE TRIGGER companies_deleted AFTER DELETE ON companies BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = OLD.officers_state;
  UPDATE tallies SET count = count - OLD.officers_count WHERE name = 'officers' AND OLD.officers_count <> 0;
END;
--> statement-breakpoint
CREATE TRIGGER companies_officers_changed AFTER UPDATE OF officers_state, officers_count ON companies BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = OLD.officers_state;
  UPDATE tallies SET count = count + 1 WHERE name = NEW.officers_state;
  UPDATE tallies SET count = count + NEW.officers_count - OLD.officers_count WHERE name = 'officers';
END;
