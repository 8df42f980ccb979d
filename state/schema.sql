CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- One row for a resource or record. sent and seen are JSON by field; values over 1 KB are kept as hash and length.
CREATE TABLE records (
  owner       TEXT NOT NULL, -- the set
  key         TEXT NOT NULL,
  resource    INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  origin      TEXT NOT NULL, -- created, adopted, merged
  merged_into TEXT NOT NULL,
  id          TEXT NOT NULL,
  sent        TEXT NOT NULL,
  seen        TEXT NOT NULL,
  updated_at  INTEGER NOT NULL,
  part_count  INTEGER NOT NULL,
  written_at  INTEGER NOT NULL,
  strangers   INTEGER NOT NULL, -- parts that are not ours
  version     INTEGER NOT NULL, -- of the kind's normalizer
  partial     TEXT NOT NULL,
  continues   TEXT NOT NULL DEFAULT '', -- the key of the record whose thread it goes on with
  PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE INDEX records_continue ON records (owner, continues) WHERE continues <> '';
CREATE INDEX records_by_id ON records (kind, id);

CREATE TABLE parts (
  owner TEXT NOT NULL,
  key   TEXT NOT NULL,
  list  TEXT NOT NULL,
  part  TEXT NOT NULL,
  seq   INTEGER NOT NULL, -- the order of writing
  id    TEXT NOT NULL,
  hash  TEXT NOT NULL,
  at    INTEGER NOT NULL,
  spoke TEXT NOT NULL DEFAULT '', -- teammate, contact, actor; empty when nobody noted it
  PRIMARY KEY (owner, key, list, part)
) WITHOUT ROWID;

-- The journal: an open intent has its step as JSON; once it is closed only what happened stays.
CREATE TABLE journal (
  step    TEXT PRIMARY KEY,
  run     TEXT NOT NULL,
  op      TEXT NOT NULL,
  at      INTEGER NOT NULL, -- Unix milliseconds
  intent  TEXT,             -- NULL when closed
  result  TEXT NOT NULL,    -- open, done, failed
  id      TEXT NOT NULL,
  part_id TEXT NOT NULL,
  cause   TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX journal_open ON journal (at) WHERE result = 'open';

-- Steps that were looked for, not found and repeated: should the first try come to light, there are two.
CREATE TABLE repeated (
  step   TEXT PRIMARY KEY,
  at     INTEGER NOT NULL, -- of the first try, Unix milliseconds
  intent TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
  id      TEXT PRIMARY KEY,
  command TEXT NOT NULL,
  meaning TEXT NOT NULL, -- hash of the configuration
  started INTEGER NOT NULL,
  ended   INTEGER,
  books   TEXT
) WITHOUT ROWID;

CREATE TABLE set_aside (
  owner    TEXT NOT NULL,
  key      TEXT NOT NULL,
  resource INTEGER NOT NULL,
  cause    TEXT NOT NULL,
  step     TEXT NOT NULL,
  text     TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
) WITHOUT ROWID;

CREATE TABLE lease (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  token   TEXT NOT NULL,
  holder  TEXT NOT NULL,
  what    TEXT NOT NULL,
  since   INTEGER NOT NULL,
  expires INTEGER NOT NULL -- Unix milliseconds
);

-- What people said of the checklist's items, in order; the last word on an item holds.
CREATE TABLE checklist (
  seq       INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  item      TEXT NOT NULL,
  confirmed INTEGER NOT NULL, -- 0: it is open again
  who       TEXT NOT NULL,
  at        INTEGER NOT NULL, -- Unix milliseconds
  text      TEXT NOT NULL     -- hash of what the item said
);
