ALTER TABLE `persons_with_significant_control` ADD `linked_psc` text;--> statement-breakpoint
ALTER TABLE `stream_gaps` ADD `change_number` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE TRIGGER stream_gaps_change_inserted AFTER INSERT ON stream_gaps WHEN NEW.stream = 'psc' BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE stream_gaps SET change_number = (SELECT number FROM change_counter) WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER stream_gaps_change_updated AFTER UPDATE OF noted_at, repaired_at ON stream_gaps WHEN NEW.stream = 'psc' BEGIN
  UPDATE change_counter SET number = number + 1;
  UPDATE stream_gaps SET change_number = (SELECT number FROM change_counter) WHERE id = NEW.id;
END;
