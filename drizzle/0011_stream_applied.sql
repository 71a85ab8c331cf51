CREATE TABLE `stream_applied` (
	`stream` text NOT NULL,
	`number` integer NOT NULL,
	`events` blob NOT NULL,
	PRIMARY KEY(`stream`, `number`)
);
