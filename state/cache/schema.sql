CREATE TABLE kv (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Rows as they came. A pull writes a new generation and swaps it in at its end.
CREATE TABLE pulls (data TEXT PRIMARY KEY, gen INTEGER NOT NULL, source TEXT NOT NULL, broken INTEGER NOT NULL, duplicate INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (
  data TEXT NOT NULL, gen INTEGER NOT NULL, seq INTEGER NOT NULL,
  key TEXT NOT NULL, grp TEXT NOT NULL, pos TEXT NOT NULL, hash BLOB NOT NULL, json BLOB NOT NULL,
  uuid TEXT NOT NULL, ver TEXT NOT NULL,
  at INTEGER NOT NULL, -- when the source last said that this is the row, Unix milliseconds
  PRIMARY KEY (data, gen, seq)
) WITHOUT ROWID;
CREATE INDEX rows_by_uuid ON rows (data, gen, uuid) WHERE uuid != '';
CREATE INDEX rows_by_key ON rows (data, gen, key);
CREATE INDEX rows_by_group ON rows (data, gen, grp, seq) WHERE grp != '';
CREATE TABLE owners (data TEXT NOT NULL, gen INTEGER NOT NULL, owner TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (data, gen, owner, seq)) WITHOUT ROWID;
CREATE TABLE broken (data TEXT NOT NULL, gen INTEGER NOT NULL, seq INTEGER NOT NULL, pos TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (data, gen, seq)) WITHOUT ROWID;

-- A pull that is not over: what the lists say, what was read of it, whose rows were read at which version of the owner, and
-- what the service answered. got: the row came with the list. fresh: read for the generation to come.
CREATE TABLE heads (data TEXT NOT NULL, seq INTEGER NOT NULL, uuid TEXT NOT NULL, ver TEXT NOT NULL, off INTEGER NOT NULL, got INTEGER NOT NULL, PRIMARY KEY (data, seq)) WITHOUT ROWID;
CREATE INDEX heads_by_uuid ON heads (data, uuid);
CREATE TABLE staged (
  data TEXT NOT NULL, owner TEXT NOT NULL, seq INTEGER NOT NULL,
  uuid TEXT NOT NULL, ver TEXT NOT NULL, at INTEGER NOT NULL,
  key TEXT NOT NULL, pos TEXT NOT NULL, broken TEXT NOT NULL, json BLOB NOT NULL,
  PRIMARY KEY (data, owner, seq)
) WITHOUT ROWID;
CREATE INDEX staged_by_uuid ON staged (data, uuid);
CREATE TABLE marks (data TEXT NOT NULL, owner TEXT NOT NULL, ver TEXT NOT NULL, at INTEGER NOT NULL, fresh INTEGER NOT NULL, PRIMARY KEY (data, owner)) WITHOUT ROWID;
CREATE TABLE tape (question TEXT PRIMARY KEY, answer BLOB NOT NULL) WITHOUT ROWID;
-- Rows that were there once and are not listed any more. That they are deleted nobody has proven.
CREATE TABLE missing (data TEXT NOT NULL, key TEXT NOT NULL, since INTEGER NOT NULL, json BLOB NOT NULL, PRIMARY KEY (data, key)) WITHOUT ROWID;

CREATE TABLE wants (owner TEXT NOT NULL, key TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (owner, key)) WITHOUT ROWID;

-- The live mirror. gen tells what the last full sweep showed.
CREATE TABLE live (
  kind TEXT NOT NULL, id TEXT NOT NULL, gen INTEGER NOT NULL, missing INTEGER NOT NULL, json BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE live_keys (kind TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, field, value, id)) WITHOUT ROWID;
CREATE INDEX live_keys_by_id ON live_keys (kind, id);

CREATE TABLE outcomes (
  owner TEXT NOT NULL, key TEXT NOT NULL, action TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
  into_owner TEXT NOT NULL, into_key TEXT NOT NULL, reason TEXT NOT NULL, cause TEXT NOT NULL,
  PRIMARY KEY (owner, key)
) WITHOUT ROWID;
