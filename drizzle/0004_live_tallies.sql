INSERT INTO tallies (name, count) VALUES
  ('job:due:details', 0), ('job:due:domain', 0), ('job:due:officers', 0), ('job:due:emails', 0), ('job:due:done', 0),
  ('job:skipped:details', 0), ('job:skipped:domain', 0), ('job:skipped:officers', 0), ('job:skipped:emails', 0), ('job:skipped:done', 0),
  ('job:failed:details', 0), ('job:failed:domain', 0), ('job:failed:officers', 0), ('job:failed:emails', 0), ('job:failed:done', 0),
  ('job:done:details', 0), ('job:done:domain', 0), ('job:done:officers', 0), ('job:done:emails', 0), ('job:done:done', 0),
  ('domains', 0), ('companies-with-domain', 0), ('emails', 0), ('people-with-email', 0), ('people-asked', 0);
--> statement-breakpoint
UPDATE tallies SET count = (SELECT count(*) FROM jobs WHERE 'job:' || state || ':' || stage = tallies.name) WHERE name LIKE 'job:%';
--> statement-breakpoint
UPDATE tallies SET count = (SELECT count(*) FROM domains) WHERE name = 'domains';
--> statement-breakpoint
UPDATE tallies SET count = (SELECT count(DISTINCT company_number) FROM domains) WHERE name = 'companies-with-domain';
--> statement-breakpoint
UPDATE tallies SET count = (SELECT count(*) FROM emails) WHERE name = 'emails';
--> statement-breakpoint
UPDATE tallies SET count = (SELECT count(*) FROM (SELECT DISTINCT company_number, appointment_id FROM emails)) WHERE name = 'people-with-email';
--> statement-breakpoint
UPDATE tallies SET count = (SELECT count(*) FROM provider_answers WHERE operation = 'emails') WHERE name = 'people-asked';
--> statement-breakpoint
CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'job:' || NEW.state || ':' || NEW.stage;
END;
--> statement-breakpoint
CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'job:' || OLD.state || ':' || OLD.stage;
END;
--> statement-breakpoint
CREATE TRIGGER jobs_moved AFTER UPDATE OF state, stage ON jobs BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'job:' || OLD.state || ':' || OLD.stage;
  UPDATE tallies SET count = count + 1 WHERE name = 'job:' || NEW.state || ':' || NEW.stage;
END;
--> statement-breakpoint
CREATE TRIGGER domains_inserted AFTER INSERT ON domains BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'domains';
  UPDATE tallies SET count = count + 1 WHERE name = 'companies-with-domain'
    AND (SELECT count(*) FROM domains WHERE company_number = NEW.company_number) = 1;
END;
--> statement-breakpoint
CREATE TRIGGER domains_deleted AFTER DELETE ON domains BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'domains';
  UPDATE tallies SET count = count - 1 WHERE name = 'companies-with-domain'
    AND NOT EXISTS (SELECT 1 FROM domains WHERE company_number = OLD.company_number);
END;
--> statement-breakpoint
CREATE TRIGGER emails_inserted AFTER INSERT ON emails BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'emails';
  UPDATE tallies SET count = count + 1 WHERE name = 'people-with-email'
    AND (SELECT count(*) FROM emails WHERE company_number = NEW.company_number AND appointment_id = NEW.appointment_id) = 1;
END;
--> statement-breakpoint
CREATE TRIGGER emails_deleted AFTER DELETE ON emails BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'emails';
  UPDATE tallies SET count = count - 1 WHERE name = 'people-with-email' AND NOT EXISTS (
    SELECT 1 FROM emails WHERE company_number = OLD.company_number AND appointment_id = OLD.appointment_id);
END;
--> statement-breakpoint
CREATE TRIGGER answers_inserted AFTER INSERT ON provider_answers WHEN NEW.operation = 'emails' BEGIN
  UPDATE tallies SET count = count + 1 WHERE name = 'people-asked';
END;
--> statement-breakpoint
CREATE TRIGGER answers_deleted AFTER DELETE ON provider_answers WHEN OLD.operation = 'emails' BEGIN
  UPDATE tallies SET count = count - 1 WHERE name = 'people-asked';
END;
